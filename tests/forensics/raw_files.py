"""The raw bytes of every file that the suite keeps, whatever wrote it, and what is found in them."""

import json
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.forensics.canaries import COMPRESSED, Canaries, Needle

CHUNK, OVERLAP = 4 * 2**20, 2**10
AROUND, SHOWN = 160, 48
HITS_PER_FILE = 200
GZIP, INFLATED = b"\x1f\x8b\x08", 2**20


@dataclass(frozen=True, slots=True)
class Hit:
    """file: as a person would look for it; shown: the bytes around."""

    file: str
    at: int
    kind: str
    how: str
    shown: bytes

    def __str__(self) -> str:
        return f"{self.file} at {self.at}: {self.kind} ({self.how}): {self.shown!r}"


@dataclass
class Reading:
    """What one look at all files saw. seen: bytes by file."""

    hits: list[Hit]
    seen: dict[str, int]

    def kinds(self) -> set[str]:
        return {hit.kind for hit in self.hits}

    def report(self) -> str:
        lines = [f"{len(self.hits)} plaintext hits in {len(self.seen)} files:", *map(str, self.hits[:60])]
        return "\n".join(lines)


def files_below(*folders: Path) -> Iterator[Path]:
    """Regular files; links are not followed, because what they name lies elsewhere or is met in its own place."""
    for folder in folders:
        for parent, _, names in os.walk(folder):
            for path in (Path(parent) / name for name in names):
                with suppress(FileNotFoundError):
                    if stat.S_ISREG(path.lstat().st_mode):
                        yield path


def processes(run: Path) -> set[int]:
    """The suite's processes and all that they started: each unit has a session of its own."""
    leaders = {json.loads(file.read_text())["pid"] for file in run.glob("*.process")}
    found = set()
    for entry in Path("/proc").iterdir():
        with suppress(ValueError, ProcessLookupError):
            if os.getsid(int(entry.name)) in leaders:
                found.add(int(entry.name))
    return found


def held_open(pids: set[int]) -> Iterator[Path]:
    """Files without a name or in /dev/shm that those processes have open or mapped. Anonymous memory is no file."""
    seen = set()
    for pid in pids:
        for folder in ("fd", "map_files"):
            # Only root may look into map_files; open files it shares with fd.
            with suppress(
                FileNotFoundError, ProcessLookupError, *((PermissionError,) if folder == "map_files" else ())
            ):
                for path in Path(f"/proc/{pid}/{folder}").iterdir():
                    with suppress(FileNotFoundError, ProcessLookupError):
                        target, facts = str(path.readlink()), path.stat()
                        key = (facts.st_dev, facts.st_ino)
                        nameless = target.startswith("/dev/shm/") or (
                            target.endswith(" (deleted)") and not target.startswith(("/dev/zero", "/SYSV"))
                        )
                        if nameless and stat.S_ISREG(facts.st_mode) and key not in seen:
                            seen.add(key)
                            yield path


def read_all(paths: Iterator[Path], canaries: Canaries) -> Reading:
    reading, needles = Reading([], {}), canaries.needles()
    for path in paths:
        with suppress(FileNotFoundError, ProcessLookupError):
            name = f"{path} → {path.readlink()}" if path.is_symlink() else str(path)
            reading.seen[name] = 0
            for at, chunk in chunks(path):
                reading.seen[name] = at + len(chunk)
                if len(reading.hits) < HITS_PER_FILE * 10:
                    reading.hits += search(name, at, chunk, needles, canaries)
    reading.hits = one_each(reading.hits)
    return reading


def one_each(hits: list[Hit]) -> list[Hit]:
    """Of several hits at one place the one that knows most: what the end of a piece cuts off is whole in the next."""
    best: dict[tuple[str, int], Hit] = {}
    for hit in hits:
        known = best.get((hit.file, hit.at))
        if known is None or known.kind == COMPRESSED:
            best[hit.file, hit.at] = hit
    return list(best.values())


def chunks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Overlapping pieces with their offsets, so that nothing hides on a border. Pieces of zeros are passed over."""
    with path.open("rb", buffering=0) as file:
        at, kept = 0, b""
        while data := file.read(CHUNK):
            piece = kept + data
            if data.count(0) != len(data):
                yield at - len(kept), piece
            at += len(data)
            kept = piece[-OVERLAP:]


def search(name: str, at: int, chunk: bytes, needles: list[Needle], canaries: Canaries) -> Iterator[Hit]:
    yield from _search(name, at, chunk, needles, canaries)
    place = chunk.find(GZIP)
    while place >= 0:
        inflated = _inflated(chunk[place : place + INFLATED])
        if inflated:
            yield from _search(f"{name} (gzip)", at + place, inflated, needles, canaries)
        place = chunk.find(GZIP, place + 1)


def _search(name: str, at: int, chunk: bytes, needles: list[Needle], canaries: Canaries) -> Iterator[Hit]:
    for needle in needles:
        place, found = chunk.find(needle.sought), 0
        while place >= 0 and found < HITS_PER_FILE:
            begin = max(place - needle.skipped, 0)
            kind = needle.kind or canaries.named(needle.how, chunk[begin : begin + AROUND])
            yield Hit(name, at + begin, kind, needle.how, chunk[max(begin - SHOWN, 0) : begin + SHOWN])
            place, found = chunk.find(needle.sought, place + 1), found + 1


def _inflated(data: bytes) -> bytes:
    """As much as can be unpacked of what begins like gzip; nothing where it only looks so."""
    try:
        return zlib.decompressobj(31).decompress(data, INFLATED)
    except zlib.error:
        return b""
