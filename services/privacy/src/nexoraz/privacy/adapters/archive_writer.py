"""Writes an archive as a stream: JSON by service and group, files, the page for people, the signed manifest.

One pass over the participants' parts, so memory does not grow with the data: what is kept until the end is the list of
entries with their hashes, and the few records that the page shows.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED

import msgspec
from zipstream import ZipStream  # type: ignore[import-untyped]  # zipstream-ng has no types

from nexoraz.events.export_parts import Entry, File, Group, Record
from nexoraz.privacy.adapters.archive_page import Shown, ShownFile, ShownGroup, page
from nexoraz.privacy.adapters.archive_profile import Profile
from nexoraz.privacy.application.ports import Assembly, Signer
from nexoraz.privacy.domain.canonical import Json
from nexoraz.privacy.domain.certificate import stamp

README = (files("nexoraz.privacy") / "adapters" / "archive_readme.txt").read_bytes()
MANIFEST_KIND = "nexoraz-export-manifest"
UNSAFE = re.compile(r"[^\w .()+,@=-]")
LONGEST_NAME, COMPRESS_LEVEL = 100, 6


@dataclass(slots=True)
class ArchiveWriter:
    """Used once per archive: `chunks` yields the zip, `entry_count` is known afterwards."""

    assembly: Assembly
    signer: Signer
    _zip: ZipStream = field(default_factory=lambda: ZipStream(compress_type=ZIP_STORED))
    _entries: list[Json] = field(default_factory=list)
    _names: set[str] = field(default_factory=set)
    _services: dict[str, list[ShownGroup]] = field(default_factory=dict)
    _profile: Profile = field(default_factory=Profile)

    @property
    def entry_count(self) -> int:
        return len(self._names)

    def chunks(self, by_participant: Iterable[tuple[str, Iterator[Entry]]]) -> Iterator[bytes]:
        """The zip. Each participant's entries must be consumed in order; errors of theirs end the stream."""
        for participant, entries in by_participant:
            self._services.setdefault(participant, [])
            yield from self._participant(participant, entries)
        shown = Shown(self.assembly.request_id, self.assembly.at, self._services, self._profile.facts)
        yield from self._write("index.html", page(shown))
        yield from self._write("README.txt", [README])
        yield from self._write("manifest.json", [self.signer.sign(self._manifest())])
        yield from self._zip.finalize()

    def _participant(self, participant: str, entries: Iterator[Entry]) -> Iterator[bytes]:
        group = ShownGroup("other", "user", "")
        queue = _Peekable(entries)
        while (entry := queue.peek()) is not None:
            if isinstance(entry, Group):
                group = ShownGroup(entry.name, entry.category, entry.purpose)
                self._services[participant].append(group)
                queue.take()
            elif isinstance(entry, Record):
                group.json_path = self._free(
                    f"data/{_safe(participant)}", f"{_safe(group.name.rpartition('/')[2])}.json"
                )
                noted = partial(self._profile.note, participant, group.name)
                yield from self._write(group.json_path, _json_array(queue, group, noted))
            else:
                queue.take()
                yield from self._file(participant, group, entry)

    def _file(self, participant: str, group: ShownGroup, file: File) -> Iterator[bytes]:
        path = self._free(f"files/{_safe(participant)}/{_safe(group.name.rpartition('/')[2])}", _safe(file.name))
        group.note_file(ShownFile(path, PurePosixPath(path).name, file.media_type))
        yield from self._write(path, file.chunks, ZIP_STORED)

    def _write(self, name: str, chunks: Iterable[bytes], compress_type: int = ZIP_DEFLATED) -> Iterator[bytes]:
        self._names.add(name)
        level = COMPRESS_LEVEL if compress_type == ZIP_DEFLATED else None
        self._zip.add(self._measured(name, chunks), name, compress_type=compress_type, compress_level=level)
        yield from self._zip.all_files()

    def _measured(self, name: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
        digest, size = hashlib.sha256(), 0
        for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
            yield chunk
        self._entries.append({"name": name, "sha256": digest.hexdigest(), "size": size})

    def _manifest(self) -> Json:
        return {
            "kind": MANIFEST_KIND,
            "format": 1,
            "request_id": self.assembly.request_id,
            "account_id": self.assembly.account_id,
            "created_at": stamp(self.assembly.at),
            "key": self.signer.public_jwk,
            "participants": [msgspec.to_builtins(part) for part in self.assembly.parts],
            "entries": self._entries,
        }

    def _free(self, folder: str, name: str) -> str:
        """A path that is not taken yet."""
        path, stem, suffix, n = f"{folder}/{name}", PurePosixPath(name).stem, PurePosixPath(name).suffix, 1
        while path in self._names:
            n += 1
            path = f"{folder}/{stem}-{n}{suffix}"
        return path


class _Peekable:
    """Entries of which the next one can be looked at. Looking asks the source, so a file must be consumed before."""

    def __init__(self, entries: Iterator[Entry]) -> None:
        self._entries = entries
        self._next: list[Entry | None] = []

    def peek(self) -> Entry | None:
        if not self._next:
            self._next.append(next(self._entries, None))
        return self._next[0]

    def take(self) -> None:
        self._next.clear()


def _json_array(queue: _Peekable, group: ShownGroup, note: Callable[[dict[str, Any]], None]) -> Iterator[bytes]:
    """The records up to the next entry of another kind, as one JSON array, readable by people too."""
    opened = False
    while isinstance(entry := queue.peek(), Record):
        queue.take()
        group.note_record(entry.data)
        note(entry.data)
        yield (b",\n" if opened else b"[\n") + _pretty(entry.data)
        opened = True
    yield b"\n]\n"


def _pretty(record: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(record), indent=2)


def _safe(name: str) -> str:
    """A file name that every system can unpack, and that leads nowhere else."""
    cleaned = UNSAFE.sub("_", name).strip(" .") or "unnamed"
    stem, dot, suffix = cleaned.rpartition(".")
    if dot and len(suffix) <= 10:
        return f"{stem[: LONGEST_NAME - len(suffix) - 1]}.{suffix}"
    return cleaned[:LONGEST_NAME]
