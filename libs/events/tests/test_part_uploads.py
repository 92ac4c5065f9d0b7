"""Parts on their way out: bounded memory, short outages bridged, long ones waited for, refusals told."""

import threading
from collections.abc import Iterator
from itertools import islice

import pytest

from nexoraz.events.export_parts import PIECE, File, new_export_key, open_parts, pack
from nexoraz.events.part_uploads import PartUploads
from nexoraz.events.participation_ports import UploadRefused
from nexoraz.events.protocol_events import PartWritten
from nexoraz.events.tasks import GiveUp, Postpone

PRIVATE, PUBLIC = new_export_key()
BLOCK = bytes(256 * 1024)


class Coordinator:
    """Grants and stores; `faults` are raised first, one per attempt."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.stored: dict[str, bytes] = {}

    def grant(self, request_id: str, participant: str, part: str) -> str:
        if self.faults:
            raise self.faults.pop(0)
        return f"{request_id}/{participant}/{part}"

    def upload(self, url: str, body: bytes) -> None:
        self.stored[url] = body


def uploads(coordinator: Coordinator) -> PartUploads:
    return PartUploads("r1", "assets", PUBLIC, coordinator, coordinator.upload, pauses_s=(0.0, 0.0))


def stream(blocks: int) -> Iterator[bytes]:
    return pack([File("photo", "image/jpeg", (BLOCK for _ in range(blocks)))])


def test_parts_are_stored_in_order_and_open_as_one_stream() -> None:
    coordinator = Coordinator()
    written = [*uploads(coordinator).written(stream(100))]
    assert [part.name.partition("-")[0] for part in written] == ["0001", "0002", "0003", "0004"]
    stored = [(part.name, [coordinator.stored[f"r1/assets/{part.name}"]]) for part in written]
    [photo] = [
        sum(map(len, entry.chunks)) for entry in open_parts(PRIVATE, "r1", "assets", stored) if isinstance(entry, File)
    ]
    assert photo == 100 * len(BLOCK)
    assert all(part.size == len(coordinator.stored[f"r1/assets/{part.name}"]) <= 8 * 2**20 for part in written)


def test_a_short_outage_costs_no_part_that_is_written() -> None:
    coordinator = Coordinator(OSError("reset"), TimeoutError())
    read: list[int] = []

    def counted() -> Iterator[bytes]:
        for n, chunk in enumerate(stream(100)):
            read.append(n)
            yield chunk

    assert len([*uploads(coordinator).written(counted())]) == 4
    assert read == sorted(set(read))


def test_a_long_outage_postpones_the_task_and_counts_no_attempt() -> None:
    with pytest.raises(Postpone) as waiting:
        [*uploads(Coordinator(*(OSError("away") for _ in range(3)))).written(stream(1))]
    assert "away" not in waiting.value.reason


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


def test_a_killed_run_is_begun_again_under_new_names() -> None:
    coordinator = Coordinator()

    def dying() -> Iterator[bytes]:
        yield from islice(stream(200), 150)
        raise Killed

    with pytest.raises(Killed):
        [*uploads(coordinator).written(dying())]
    left = set(coordinator.stored)
    assert 0 < len(left) < 7
    written = [*uploads(coordinator).written(stream(200))]
    assert set(coordinator.stored) - left == {f"r1/assets/{part.name}" for part in written}
    stored = [(part.name, [coordinator.stored[f"r1/assets/{part.name}"]]) for part in written]
    entries = open_parts(PRIVATE, "r1", "assets", stored)
    assert [sum(map(len, entry.chunks)) for entry in entries if isinstance(entry, File)] == [200 * len(BLOCK)]


def test_a_refusal_is_not_asked_again() -> None:
    coordinator = Coordinator(UploadRefused("not-collecting"))
    with pytest.raises(GiveUp, match="not-collecting"):
        [*uploads(coordinator).written(stream(1))]
    assert coordinator.stored == {}


def test_one_part_is_sealed_while_another_is_uploaded_and_no_third_waits() -> None:
    """The stream is read at most one part ahead of what is stored."""
    coordinator, going = Coordinator(), threading.Event()
    read = 0

    def counted() -> Iterator[bytes]:
        nonlocal read
        for chunk in stream(200):
            read += len(chunk)
            yield chunk

    def slow(url: str, body: bytes) -> None:
        assert going.wait(10)
        coordinator.stored[url] = body

    parts: list[PartWritten] = []
    one = PartUploads("r1", "assets", PUBLIC, coordinator, slow)
    writing = threading.Thread(target=lambda: parts.extend(one.written(counted())))
    writing.start()
    writing.join(0.5)
    assert read <= 2 * PIECE + 2 * len(BLOCK)
    going.set()
    writing.join(20)
    assert len(parts) == len(coordinator.stored) == 7
