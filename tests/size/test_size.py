"""An export of any size through the running suite: in bounded memory, resumed while it is downloaded, whole and signed.

`make test` takes 64 MB; `make size` takes 5 GB and 50,000 events (SIZE_MB and SIZE_EVENTS choose others).
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import urllib3

from nexoraz.privacy.adapters.signatures import verified
from tests.journey.person import Json, Person, until
from tests.journey.running import RunningSuite
from tests.size.filling import PHOTO_BYTES, Filled, assets_of, fill
from tests.size.memory import Memory

pytestmark = [pytest.mark.real, pytest.mark.timeout(7200)]
MEGABYTES, EVENTS = int(os.environ.get("SIZE_MB", "64")), int(os.environ.get("SIZE_EVENTS", "1000"))
BOUND_MIB = 150
"""What no process takes more of, whatever it exports."""
PATIENCE_S = 60.0 + MEGABYTES
WATCHED = ("assets-worker", "privacy-worker", "privacy-web")


@dataclass(frozen=True)
class Exported:
    """What a person asked for and got: the file, the shown request, and the memory it took."""

    person: Person
    filled: Filled
    archive: Path
    shown: Json
    peak_mib: dict[str, float]


@pytest.fixture(scope="module")
def exported(suite: RunningSuite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exported]:
    person, path = suite.person(), tmp_path_factory.mktemp("size") / "archive.zip"
    person.register()
    person.sign_in()
    filled = fill(assets_of(suite), person.account_id, MEGABYTES, EVENTS)
    with Memory({name: suite.pid(name) for name in WATCHED}) as memory:
        request, shown = ask(person)
        person.sign_in()
        _download_in_pieces(person, f"/v1/privacy/requests/{request['id']}/archive", path, shown["archive"]["size"])
    yield Exported(person, filled, path, shown, memory.peak_mib)
    path.unlink()


def ask(person: Person) -> tuple[Json, Json]:
    """The request, and how it is shown once the archive is there."""
    person.sign_in()
    request = person.call("POST", "/v1/privacy/requests", {"type": "access"})

    def done() -> Json | None:
        shown = person.call("GET", f"/v1/privacy/requests/{request['id']}", Authorization=f"Bearer {request['token']}")
        return shown if shown["state"] == "completed" else None

    return request, until(done, "the archive was ready", PATIENCE_S)


def _download_in_pieces(person: Person, href: str, path: Path, size: int) -> None:
    """As a client on a bad line: it is cut off thrice, and goes on where it stopped if the file is still the same."""
    at, tag = 0, ""
    with path.open("wb") as file:
        for stop in (size // 5, size // 2, size - 1, size):
            headers = {"Authorization": f"Bearer {person.token}", "Range": f"bytes={at}-"}
            answer = urllib3.request(
                "GET",
                person.places.suite + href,
                headers=headers | ({"If-Range": tag} if tag else {}),
                preload_content=False,
            )
            assert answer.status == 206 and (not tag or answer.headers["ETag"] == tag)
            tag = answer.headers["ETag"]
            while at < stop:
                at += file.write(answer.read(min(2**20, stop - at)))
            answer.close()


def test_no_process_takes_more_than_its_bound(exported: Exported) -> None:
    print(f"\n{MEGABYTES} MB, {EVENTS} events: {exported.peak_mib}")  # noqa: T201 - for whoever runs `make size`
    assert set(exported.peak_mib) == set(WATCHED)
    assert max(exported.peak_mib.values()) <= BOUND_MIB


def test_everything_is_there_once_and_whole(exported: Exported) -> None:
    expected = hashlib.sha256(exported.filled.content).digest()
    with zipfile.ZipFile(exported.archive) as archive:
        photos = [name for name in archive.namelist() if name.startswith("files/assets/photos/")]
        assert len(photos) == len(exported.filled.photos)
        assert all(hashlib.sha256(archive.read(name)).digest() == expected for name in photos)
        events = json.loads(archive.read("data/assets/events.json"))
    assert len(events) == exported.filled.events
    assert exported.archive.stat().st_size == exported.shown["archive"]["size"] > len(photos) * PHOTO_BYTES


def test_every_entry_is_in_the_signed_manifest(exported: Exported) -> None:
    keys = exported.person.call("GET", "/v1/privacy/keys")["keys"]
    with zipfile.ZipFile(exported.archive) as archive:
        manifest = verified(archive.read("manifest.json"), keys[0])
        listed = {entry["name"]: entry["size"] for entry in manifest["entries"]}
        there = {entry.filename: entry.file_size for entry in archive.infolist() if entry.filename != "manifest.json"}
    assert listed == there
