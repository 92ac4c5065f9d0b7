"""An export written by two workers at once, because one lost its lease and went on: only the announced parts count."""

import io
import json
import zipfile
from dataclasses import dataclass, field, replace
from hashlib import sha256
from uuid import uuid4

import pytest

from nexoraz.events.buckets import MemoryBucket
from nexoraz.events.export_parts import Entry, File, Group, pack
from nexoraz.events.part_uploads import PartUploads
from nexoraz.events.protocol_events import PartWritten
from nexoraz.privacy.adapters.upload_grants import UploadGrants
from nexoraz.privacy.application.exports import GrantRefused
from nexoraz.privacy.domain.events import ExportAsked
from nexoraz.privacy.domain.vocabulary import Part, PartFile
from services.privacy.tests.integration.driver import PARTICIPANTS, Coordinator

pytestmark = pytest.mark.real
PICTURE = bytes(range(256)) * 1_000


def photos() -> list[Entry]:
    return [
        Group("objects/photos", "user.content.private", "content", "assets"),
        File("cup.jpg", "image/jpeg", iter([PICTURE])),
    ]


@dataclass
class Worker:
    """A worker of assets with the real grants; `paused`: its uploads wait until it goes on."""

    coordinator: Coordinator
    request_id: str
    account: str
    paused: bool = False
    waiting: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def bucket(self) -> MemoryBucket:
        assert isinstance(self.coordinator.app.objects.bucket, MemoryBucket)
        return self.coordinator.app.objects.bucket

    def grant(self, request_id: str, participant: str, part: str) -> str:
        app = self.coordinator.app
        asked = {"request_id": request_id, "participant": participant, "part": part}
        answer = UploadGrants(app.use_cases.exports, app.objects)(participant, json.dumps(asked).encode())
        return str(json.loads(answer)["url"])

    def upload(self, url: str, sealed: bytes) -> None:
        self.waiting.append((url, sealed))
        if not self.paused:
            self.go_on()

    def go_on(self) -> None:
        for url, sealed in self.waiting:
            self.bucket.upload(url, sealed)
        self.waiting.clear()

    def write(self) -> list[PartWritten]:
        history = self.coordinator.history(self.request_id)
        public = next(event for event in history if isinstance(event, ExportAsked)).public_key
        return [*PartUploads(self.request_id, "assets", public, self, self.upload, ()).written(pack(photos()))]

    def announce(self, written: list[PartWritten]) -> None:
        app = self.coordinator.app
        part = Part("assets", tuple(PartFile(w.name, w.sha256, w.size) for w in written), 1)
        with app.runtime.store.transaction() as tx:
            app.use_cases.answers.part(tx, "assets", "p-assets", self.request_id, part)


@pytest.fixture
def workers(coordinator: Coordinator) -> tuple[Worker, Worker]:
    """One that was paused before its upload and lost its lease, and the one that has it now; all others are done."""
    account = str(uuid4())
    asked = coordinator.ask(account, "access").json
    assert asked is not None
    for name in PARTICIPANTS:
        if name != "assets":
            coordinator.write_part(asked["id"], name)
    return Worker(coordinator, asked["id"], account, paused=True), Worker(coordinator, asked["id"], account)


def test_what_a_lost_worker_uploads_late_replaces_nothing_announced(
    coordinator: Coordinator, workers: tuple[Worker, Worker]
) -> None:
    lost, current = workers
    lost.write()
    current.announce(current.write())
    lost.go_on()
    coordinator.run_tasks()
    path = f"/requests/{current.request_id}/archive"
    archive = zipfile.ZipFile(io.BytesIO(coordinator.get(path, current.account).data))
    assert sha256(archive.read("files/assets/photos/cup.jpg")).digest() == sha256(PICTURE).digest()
    assert stored(coordinator, current) == [f"{current.account}/archives/{current.request_id}"]


def test_what_comes_after_the_archive_is_removed_too(coordinator: Coordinator, workers: tuple[Worker, Worker]) -> None:
    lost, current = workers
    lost.write()
    current.announce(current.write())
    coordinator.run_tasks()
    lost.go_on()
    assert len(stored(coordinator, current)) == 2
    coordinator.let_time_pass(hours=1)
    coordinator.run_tasks()
    assert stored(coordinator, current) == [f"{current.account}/archives/{current.request_id}"]


def test_what_attempts_leave_is_bounded(coordinator: Coordinator, workers: tuple[Worker, Worker]) -> None:
    _, current = workers
    current.write()
    current.write()
    exports = coordinator.app.use_cases.exports
    for most, part in ((3, "0001-9f3a1b2c"), (2, "0002-9f3a1b2c")):
        replace(exports, most_stored=most).account_to_upload_for(current.request_id, "assets", part)
    with pytest.raises(GrantRefused, match="too-many-parts"):
        replace(exports, most_stored=2).account_to_upload_for(current.request_id, "assets", "0001-9f3a1b2c")


def stored(coordinator: Coordinator, worker: Worker) -> list[str]:
    return [entry.name for entry in coordinator.app.objects.bucket.found(f"{worker.account}/")]
