"""Sealed parts of an export: what goes in comes out, in order and whole, or not at all."""

import gc
import resource
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nexoraz.events.export_parts import (
    Entry,
    File,
    Group,
    Record,
    binding,
    new_export_key,
    open_part,
    open_parts,
    pack,
    part_name,
    pieces,
    seal_part,
    unpack,
)
from nexoraz.events.segments import STORED_SEGMENT, regroup
from nexoraz.events.vault import Tampered

PRIVATE, PUBLIC = new_export_key()
PLACE = binding("r1", "assets", "0001-9f3a1b2c")
HEAD = 84


def sealed(content: bytes, place: str = PLACE) -> bytes:
    return b"".join(seal_part(PUBLIC, [content], place))


def entries(blob: bytes = b"x" * 500_000) -> Iterator[Entry]:
    yield Group("photos", "user.content", "content", "assets")
    yield Record({"id": "1", "title": "a cup"})
    yield File("cup.jpg", "image/jpeg", iter([blob[:7], b"", blob[7:]]))
    yield File("empty", "text/plain", iter([]))
    yield Group("events", "user", "account", "assets")
    yield Record({"event": "photo-added"})


def flat(opened: Iterator[Entry]) -> list[object]:
    """Entries with the content of files read."""
    return [(e.name, e.media_type, b"".join(e.chunks)) if isinstance(e, File) else e for e in opened]


@given(content=st.binary(max_size=3 * STORED_SEGMENT), cut=st.integers(1, 100_000))
@settings(max_examples=30, deadline=None)
def test_a_part_opens_however_it_was_chopped(content: bytes, cut: int) -> None:
    assert b"".join(open_part(PRIVATE, regroup([sealed(content)], cut), PLACE)) == content


def test_the_same_content_is_sealed_differently_every_time() -> None:
    assert sealed(b"x") != sealed(b"x")


@pytest.mark.parametrize(
    "place", [binding("r2", "assets", "0001-9f3a1b2c"), binding("r1", "render", "0001-9f3a1b2c"), "", "r1"]
)
def test_a_part_in_anothers_place_does_not_open(place: str) -> None:
    with pytest.raises(Tampered):
        list(open_part(PRIVATE, [sealed(b"x")], place))


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(Tampered):
        list(open_part(new_export_key()[0], [sealed(b"x")], PLACE))


@given(at=st.integers(0, HEAD + 2 * STORED_SEGMENT + 100))
@settings(max_examples=60, deadline=None)
def test_no_altered_byte_and_no_shorter_part_passes(at: int) -> None:
    whole = sealed(b"y" * (2 * STORED_SEGMENT))
    at = min(at, len(whole) - 1)
    for damaged in (whole[:at], whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :], whole + whole[-at - 1 :]):
        with pytest.raises(Tampered):
            list(open_part(PRIVATE, [damaged], PLACE))


def test_segments_that_changed_places_do_not_open() -> None:
    whole = sealed(b"y" * (3 * STORED_SEGMENT))
    first, second = slice(HEAD, HEAD + STORED_SEGMENT), slice(HEAD + STORED_SEGMENT, HEAD + 2 * STORED_SEGMENT)
    with pytest.raises(Tampered):
        list(open_part(PRIVATE, [whole[:HEAD] + whole[second] + whole[first] + whole[second.stop :]], PLACE))


def test_entries_come_back_in_order() -> None:
    assert flat(unpack(pack(entries()))) == flat(entries())


def test_a_file_that_nobody_reads_is_skipped() -> None:
    names = [entry.name if isinstance(entry, File) else type(entry).__name__ for entry in unpack(pack(entries()))]
    assert names == ["Group", "Record", "cup.jpg", "empty", "Group", "Record"]


def parts(size: int, attempt: str = "9f3a1b2c") -> list[tuple[str, list[bytes]]]:
    made = []
    for number, piece in enumerate(pieces(pack(entries()), size), start=1):
        name = part_name(number, attempt)
        made.append((name, list(seal_part(PUBLIC, piece, binding("r1", "assets", name)))))
    return made


@pytest.mark.parametrize("size", [1, 100, 300_000, 10_000_000])
def test_one_stream_over_many_parts_is_one_list_of_entries(size: int) -> None:
    assert flat(open_parts(PRIVATE, "r1", "assets", parts(size))) == flat(entries())


Change = Callable[[list[tuple[str, list[bytes]]]], list[tuple[str, list[bytes]]]]


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p[:-1],
        lambda p: p[1:],
        lambda p: p[:0],
        lambda p: [p[1], p[0], *p[2:]],
        lambda p: [(p[0][0], p[1][1]), (p[1][0], p[0][1]), *p[2:]],
        lambda p: [p[0], p[0], *p[1:]],
        lambda p: [p[0], *parts(100, "0d4c5b6a")[1:]],
    ],
    ids=["without the last", "without the first", "none", "reordered", "exchanged", "repeated", "of another attempt"],
)
def test_a_missing_or_moved_part_is_found(change: Change) -> None:
    made = parts(100)
    assert len(made) > 4
    with pytest.raises(Tampered):
        flat(open_parts(PRIVATE, "r1", "assets", change(made)))


def test_memory_stays_flat_whatever_the_size() -> None:
    block = bytes(1024 * 1024)

    def large(count: int) -> Iterator[Entry]:
        yield File("video", "video/mp4", (block for _ in range(count)))

    def through(count: int) -> int:
        read = 0
        for number, piece in enumerate(pieces(pack(large(count))), start=1):
            body = b"".join(seal_part(PUBLIC, piece, binding("r", "s", str(number))))
            read += sum(len(chunk) for chunk in open_part(PRIVATE, [body], binding("r", "s", str(number))))
        return read

    through(40)
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert through(300) > 300 * 1024 * 1024
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024  # KiB
