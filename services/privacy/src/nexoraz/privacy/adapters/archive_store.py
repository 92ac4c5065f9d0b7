"""Parts and archives in privacy's own bucket: parts as participants sealed them, archives sealed by the vault."""

import hashlib
from collections.abc import Callable, Iterator
from itertools import islice

from nexoraz.events.classification import Personal
from nexoraz.events.export_parts import Entry, open_parts
from nexoraz.events.objects import ObjectKind, Objects, object_name
from nexoraz.events.vault import Tampered
from nexoraz.privacy.adapters.archive_writer import ArchiveWriter
from nexoraz.privacy.application.ports import Assembly, Signer
from nexoraz.privacy.domain.vocabulary import Part, PartFile

PARTS = ObjectKind("parts", Personal("user", purpose="export", retention="export-archive"))
ARCHIVES = ObjectKind("archives", Personal("user", purpose="export", retention="export-archive"))
LARGEST_ARCHIVE = 48 * 2**30
"""Sealed and in parts of 5 MiB, the ten thousand that S3 takes of one upload hold a little more."""

TELL_EVERY = 32 * 2**20
"""Bytes of an archive between two words about its progress."""


def part_id(request_id: str, participant: str, part: str) -> str:
    """The name of a part among the account's objects."""
    return f"{request_id}.{participant}.{part}"


class SealedArchives:
    """The port ArchiveStore."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def store(self, assembly: Assembly, signer: Signer, written: Callable[[int], None]) -> tuple[int, int]:
        writer = ArchiveWriter(assembly, signer)
        opened = ((part.participant, self._opened(assembly, part)) for part in assembly.parts)
        chunks = _told(writer.chunks(opened), written)
        info = self._objects.put_stream(assembly.account_id, ARCHIVES, assembly.request_id, chunks, LARGEST_ARCHIVE)
        return info.size, writer.entry_count

    def has_parts(self, request_id: str, account_id: str, participant: str, count: int) -> bool:
        found = self._objects.bucket.found(object_name(account_id, PARTS, part_id(request_id, participant, "")))
        return next(islice(found, count - 1, None), None) is not None

    def erase_parts(self, assembly_of: str, account_id: str) -> None:
        prefix = object_name(account_id, PARTS, assembly_of)
        self._objects.delete_all_versions(f"{prefix}.")

    def erase_archive(self, request_id: str, account_id: str) -> None:
        self._objects.delete(account_id, ARCHIVES, request_id)

    def _opened(self, assembly: Assembly, part: Part) -> Iterator[Entry]:
        files = ((file.name, self._checked(assembly, part.participant, file)) for file in part.parts)
        return open_parts(assembly.private_key, assembly.request_id, part.participant, files)

    def _checked(self, assembly: Assembly, participant: str, file: PartFile) -> Iterator[bytes]:
        """The sealed bytes, which must be those that the participant announced."""
        digest, size = hashlib.sha256(), 0
        object_id = part_id(assembly.request_id, participant, file.name)
        for chunk in self._objects.raw(assembly.account_id, PARTS, object_id):
            digest.update(chunk)
            size += len(chunk)
            yield chunk
        if (size, digest.hexdigest()) != (file.size, file.sha256):
            raise Tampered(f"part {file.name} of {participant} is not what was announced")


def _told(chunks: Iterator[bytes], written: Callable[[int], None]) -> Iterator[bytes]:
    size, told = 0, 0
    for chunk in chunks:
        yield chunk
        size += len(chunk)
        if size - told >= TELL_EVERY:
            told = size
            written(size)
