"""An export as its person sees it: asked, assembled from sealed parts, downloaded in ranges, gone in the end."""

import io
import json
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from uuid import uuid4

import pytest
from sqlalchemy import text

from nexoraz.events.contracts import Received
from nexoraz.events.export_parts import PIECE, Entry, File, Group, Record
from nexoraz.events.protocol_contracts import ErasureRequested
from nexoraz.events.rpc import RpcRefused
from nexoraz.events.tasks import TaskTable
from nexoraz.events.vault import Tampered
from nexoraz.privacy.adapters.archive_writer import MANIFEST_KIND
from nexoraz.privacy.adapters.signatures import verified
from nexoraz.privacy.adapters.upload_grants import UploadGrants
from nexoraz.privacy.application.exports import GrantRefused
from services.privacy.tests.integration.driver import PARTICIPANTS, Coordinator

pytestmark = pytest.mark.real
PICTURE = bytes(range(256)) * 1_000


def photos() -> Iterator[Entry]:
    yield Group("photos", "user.content.private", "content", "assets")
    yield Record({"id": "1", "title": "<script>alert(1)</script>", "tags": ["blue", "cup"], "added": None})
    yield Record({"id": "2", "title": "Tasse für Öl", "size": 12})
    yield Group("objects/photos", "user.content.private", "content", "assets")
    yield File("cup.jpg", "image/jpeg", iter([PICTURE[:1000], PICTURE[1000:]]))
    yield File("cup.jpg", "image/jpeg", iter([b"second"]))
    yield File("../../etc/passwd", "text/plain", iter([b"third"]))


def delivered(coordinator: Coordinator, account: str) -> str:
    asked = coordinator.ask(account, "access").json
    assert asked is not None
    for name in PARTICIPANTS:
        coordinator.write_part(asked["id"], name, photos() if name == "assets" else ())
    coordinator.run_tasks()
    return str(asked["id"])


def test_an_export_is_assembled_and_downloaded(coordinator: Coordinator) -> None:
    account = str(uuid4())
    request_id = delivered(coordinator, account)
    shown = coordinator.get(f"/requests/{request_id}", account).json
    assert shown is not None
    assert shown["state"] == "completed"
    response = coordinator.get(f"/requests/{request_id}/archive", account)
    assert response.status_code == 200
    assert response.mimetype == "application/zip"
    assert len(response.data) == response.content_length == shown["archive"]["size"]
    archive = zipfile.ZipFile(io.BytesIO(response.data))
    assert archive.testzip() is None
    assert archive.namelist() == [
        "data/assets/photos.json",
        "files/assets/photos/cup.jpg",
        "files/assets/photos/cup-2.jpg",
        "files/assets/photos/_.._etc_passwd",
        "index.html",
        "README.txt",
        "manifest.json",
    ]
    assert shown["archive"]["entries"] == len(archive.namelist())
    assert archive.read("files/assets/photos/cup.jpg") == PICTURE
    records = json.loads(archive.read("data/assets/photos.json"))
    assert [record["title"] for record in records] == ["<script>alert(1)</script>", "Tasse für Öl"]


def test_the_page_in_the_archive_runs_nothing_and_loads_nothing_from_elsewhere(coordinator: Coordinator) -> None:
    account = str(uuid4())
    page = _archive(coordinator, account, delivered(coordinator, account)).read("index.html").decode()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http:" not in page
    assert "https:" not in page
    assert 'src="files/assets/photos/cup.jpg"' in page


def test_the_manifest_covers_every_entry_and_is_signed(coordinator: Coordinator) -> None:
    account = str(uuid4())
    archive = _archive(coordinator, account, delivered(coordinator, account))
    keys = coordinator.client.get("/v1/privacy/keys").json
    assert keys is not None
    manifest = verified(archive.read("manifest.json"), keys["keys"][0])
    assert manifest["kind"] == MANIFEST_KIND
    listed = {entry["name"]: (entry["sha256"], entry["size"]) for entry in manifest["entries"]}
    contents = {name: archive.read(name) for name in archive.namelist() if name != "manifest.json"}
    assert listed == {name: (sha256(raw).hexdigest(), len(raw)) for name, raw in contents.items()}


def test_a_download_is_resumed(coordinator: Coordinator) -> None:
    account = str(uuid4())
    path = f"/requests/{delivered(coordinator, account)}/archive"
    whole = coordinator.get(path, account)
    start = 70_000
    rest = coordinator.get(path, account, Range=f"bytes={start}-")
    assert rest.status_code == 206
    assert rest.data == whole.data[start:]
    assert rest.headers["Content-Range"] == f"bytes {start}-{len(whole.data) - 1}/{len(whole.data)}"
    middle = coordinator.get(path, account, Range="bytes=100-199", **{"If-Range": whole.headers["ETag"]})
    assert middle.data == whole.data[100:200]
    assert coordinator.get(path, account, Range="bytes=-10").data == whole.data[-10:]
    assert coordinator.get(path, account, Range="bytes=0-9", **{"If-Range": '"other"'}).data == whole.data
    beyond = coordinator.get(path, account, Range=f"bytes={len(whole.data)}-")
    assert beyond.status_code == 416
    assert beyond.headers["Content-Range"] == f"bytes */{len(whole.data)}"


def test_a_large_export_says_how_far_it_is(coordinator: Coordinator) -> None:
    account = str(uuid4())
    asked = coordinator.ask(account, "access").json
    assert asked is not None
    id_, exports = asked["id"], coordinator.app.use_cases.exports
    assert asked["progress"] == []
    exports.account_to_upload_for(id_, "assets", "0001-9f3a1b2c")
    exports.account_to_upload_for(id_, "assets", "0041-9f3a1b2c")
    shown = coordinator.get(f"/requests/{id_}", account).json
    assert shown is not None
    assert shown["progress"] == [{"step": "assets", "parts": 40, "bytes": 40 * PIECE}]
    for name in PARTICIPANTS:
        coordinator.write_part(id_, name)
    coordinator.run_tasks()
    assert _count(coordinator, "export_progress") == 0


def test_whoever_watches_a_large_export_sees_it_advance(coordinator: Coordinator) -> None:
    asked = coordinator.ask(str(uuid4()), "access").json
    assert asked is not None
    coordinator.app.use_cases.exports.account_to_upload_for(asked["id"], "render", "0003-9f3a1b2c")
    watching = coordinator.get(f"/requests/{asked['id']}/events", token=asked["token"])
    seen = next(chunk for chunk in watching.iter_encoded() if b"event: progress" in chunk)
    watching.close()
    last = coordinator.get(f"/requests/{asked['id']}", token=asked["token"]).json
    assert json.loads(seen.partition(b"data: ")[2]) == {"step": "render", "parts": 2, "bytes": 2 * PIECE}
    assert last is not None and int(seen.split(b"\n")[0].removeprefix(b"id: ")) == len(coordinator.history(asked["id"]))


def test_another_person_does_not_get_it(coordinator: Coordinator) -> None:
    request_id = delivered(coordinator, str(uuid4()))
    assert coordinator.get(f"/requests/{request_id}/archive", str(uuid4())).status_code == 404


def test_parts_and_key_are_gone_once_the_archive_is_there(coordinator: Coordinator) -> None:
    account = str(uuid4())
    request_id = delivered(coordinator, account)
    names = [entry.name for entry in coordinator.app.objects.bucket.found(f"{account}/")]
    assert names == [f"{account}/archives/{request_id}"]
    assert _count(coordinator, "export_keys") == 0


def test_an_archive_expires(coordinator: Coordinator) -> None:
    account = str(uuid4())
    path = f"/requests/{delivered(coordinator, account)}/archive"
    coordinator.clock.advance(days=6, hours=23)
    assert coordinator.get(path, account).status_code == 200
    coordinator.let_time_pass(hours=1)
    assert coordinator.get(path, account).status_code == 404
    coordinator.let_time_pass(days=6, hours=23)
    coordinator.run_tasks()
    assert list(coordinator.app.objects.bucket.found(f"{account}/")) == []
    assert _count(coordinator, "archives") == 0


def test_nothing_in_the_bucket_is_readable(coordinator: Coordinator) -> None:
    account = str(uuid4())
    request_id = delivered(coordinator, account)
    stored = b"".join(coordinator.app.objects.bucket.get(f"{account}/archives/{request_id}").chunks)
    assert b"PK\x03\x04" not in stored
    assert PICTURE[:64] not in stored


def test_a_part_that_was_changed_is_found_and_nothing_is_delivered(coordinator: Coordinator) -> None:
    account = str(uuid4())
    asked = coordinator.ask(account, "access").json
    assert asked is not None
    for name in PARTICIPANTS:
        coordinator.write_part(asked["id"], name, photos() if name == "assets" else (), damage=name == "assets")
    with pytest.raises(Tampered):
        coordinator.run_tasks()
    assert coordinator.state(asked["id"]).running
    assert coordinator.get(f"/requests/{asked['id']}/archive", account).status_code == 404


def test_uploads_are_granted_only_to_the_asked_while_it_is_collected(
    coordinator: Coordinator,
) -> None:
    asked = coordinator.ask(str(uuid4()), "access").json
    erasure = coordinator.ask(str(uuid4()), "erasure", immediate=True).json
    assert asked is not None
    assert erasure is not None
    exports, id_ = coordinator.app.use_cases.exports, asked["id"]
    refusals = {
        (id_, "stranger", "0001-9f3a1b2c"): "unknown-participant",
        (id_, "assets", "../0001-9f3a1b2c"): "bad-part-name",
        (id_, "assets", "0001"): "bad-part-name",
        (id_, "assets", "0001-9F3A1B2C"): "bad-part-name",
        (id_, "assets", "0000-9f3a1b2c"): "bad-part-name",
        (id_, "assets", "9999-9f3a1b2c"): "too-many-parts",
        (erasure["id"], "assets", "0001-9f3a1b2c"): "not-collecting",
        (str(uuid4()), "assets", "0001-9f3a1b2c"): "not-collecting",
    }
    for (request_id, participant, part), reason in refusals.items():
        with pytest.raises(GrantRefused, match=reason):
            exports.account_to_upload_for(request_id, participant, part)
    coordinator.write_part(id_, "assets")
    with pytest.raises(GrantRefused, match="unknown-participant"):
        exports.account_to_upload_for(id_, "assets", "0001-9f3a1b2c")


def test_a_participant_gets_no_upload_in_the_name_of_another(coordinator: Coordinator) -> None:
    asked = coordinator.ask(str(uuid4()), "access").json
    assert asked is not None
    grants = UploadGrants(coordinator.app.use_cases.exports, coordinator.app.objects)
    question = json.dumps({"request_id": asked["id"], "participant": "assets", "part": "0001-9f3a1b2c"}).encode()
    assert asked["id"] in json.loads(grants("assets", question))["url"]
    with pytest.raises(RpcRefused, match="unknown-participant"):
        grants("render", question)


def test_an_erasure_that_starts_meanwhile_leaves_nothing_of_the_export(coordinator: Coordinator) -> None:
    account = str(uuid4())
    asked = coordinator.ask(account, "access").json
    assert asked is not None
    for name in PARTICIPANTS:
        coordinator.write_part(asked["id"], name, photos())
    coordinator.ask(account, "erasure", immediate=True)
    coordinator.app.runtime.vault.destroy(account)
    coordinator.run_tasks()
    assert coordinator.state(asked["id"]).state == "denied"
    assert list(coordinator.app.objects.bucket.found(f"{account}/")) == []
    assert _count(coordinator, "export_keys") == 0


def test_the_archive_of_the_erased_goes_with_them(coordinator: Coordinator) -> None:
    """Measured at a peer: the export of the erased person stayed on the disk."""
    account = str(uuid4())
    request_id = delivered(coordinator, account)
    erasure = coordinator.ask(account, "erasure", immediate=True).json
    assert erasure is not None
    asked = ErasureRequested(account, erasure["id"], ["privacy"])
    received = Received(uuid4(), asked.source, "privacy", 1, 0, account, "", asked)
    participation = coordinator.app.participation
    with coordinator.app.runtime.store.transaction() as tx:
        participation.handlers[ErasureRequested](tx, received)
    for task in TaskTable(coordinator.app.runtime.engine, "", 30.0, frozenset({"erase"})).claim({"erase": 1}):
        participation.task_handlers["erase"](task)
    assert list(coordinator.app.objects.bucket.found(f"{account}/")) == []
    assert _count(coordinator, "archives") == 0 and _count(coordinator, "export_keys") == 0
    assert coordinator.get(f"/requests/{request_id}/archive", account).status_code in (401, 404)


def _archive(coordinator: Coordinator, account: str, request_id: str) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(coordinator.get(f"/requests/{request_id}/archive", account).data))


def _count(coordinator: Coordinator, table: str) -> int:
    with coordinator.app.runtime.engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
