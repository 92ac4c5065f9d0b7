"""Objects of a person: streamed into the bucket and out of it as sealed segments, named by account.

Each upload has a key of its own, derived from the account's key of the kind's purpose, a random salt, and the
object's name; so an object put twice never uses a nonce twice, and one object's bytes do not open as another's.
"""

import base64
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import msgspec

from nexoraz.events.bucket_port import Bucket, Deleted, Found, ObjectMissing, Readable
from nexoraz.events.classification import Personal
from nexoraz.events.presigned import http_fetch
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.segments import SEGMENT, STORED_SEGMENT, open_segments, plain_size, regroup, seal_segments
from nexoraz.events.vault import Tampered, Vault

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
SALT_BYTES = 32


class TooLarge(Exception):
    """The stream is longer than its limit; nothing of it was kept."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} bytes")
        self.limit = limit


class OutOfRange(Exception):
    """The range begins after the end of the object."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the object has {size} bytes")
        self.size = size


class BadName(ValueError):
    """An account id, kind or object id that may not be part of an object's name."""


@dataclass(frozen=True, slots=True)
class ObjectKind:
    """A kind of object that a service stores, and what it says about a person. `name` is part of the path."""

    name: str
    declared: Personal


class ObjectInfo(msgspec.Struct, frozen=True):
    """Facts about the plaintext: its bytes, and its SHA-256 as hex (personal: keep it sealed if at all)."""

    size: int
    sha256: str


class Released(msgspec.Struct, frozen=True):
    """Everything that a reader in another service needs for one version of one object, for a few minutes.

    Goes through core NATS only and is never stored. `key` is base64.
    """

    url: str
    key: str
    size: int


class Objects:
    """The sealed objects of one service in one bucket."""

    def __init__(self, bucket: Bucket, vault: Vault) -> None:
        self.bucket = bucket
        self._vault = vault

    def put_stream(
        self, account_id: str, kind: ObjectKind, object_id: str, reader: Readable | Iterable[bytes], max_bytes: int
    ) -> ObjectInfo:
        """Store a stream of unknown length in bounded memory.

        Raises TooLarge, KeyDestroyed (also when the account was closed meanwhile: then nothing is left), BadName,
        and what the reader raises.
        """
        name = object_name(account_id, kind, object_id)
        salt = os.urandom(SALT_BYTES)
        key = self._key(account_id, kind, name, salt)
        measured = _Measured(reader, max_bytes)
        self.bucket.put(name, IterReader(seal_segments(key, measured)), salt)
        try:
            # Erasure destroys the keys before it lists the bucket: whoever still has a key here is listed.
            self._vault.confirm(account_id, kind.declared.purpose)
        except KeyDestroyed:
            self._remove(entry for entry in self.bucket.found(name) if entry.name == name)
            raise
        return measured.info()

    def open_range(
        self, account_id: str, kind: ObjectKind, object_id: str, start: int = 0, end: int | None = None
    ) -> Iterator[bytes]:
        """The plaintext bytes from `start` up to, not including, `end` (cut at the object's end).

        Only the segments needed are fetched. Raises ObjectMissing, OutOfRange, KeyDestroyed, and Tampered; all of
        them before the first chunk, except a Tampered that concerns a later segment.
        """
        name = object_name(account_id, kind, object_id)
        first = start // SEGMENT
        wanted = None if end is None else max(1, -(-max(end, start) // SEGMENT) - first)
        length = None if wanted is None else wanted * STORED_SEGMENT
        opened = self.bucket.get(name, first * STORED_SEGMENT, length)
        size = plain_size(opened.total) if opened.salt else 0
        if start > size or (start == size and size):
            raise OutOfRange(self.size(account_id, kind, object_id))
        key = self._key(account_id, kind, name, opened.salt)
        last = None if end is None else -(-opened.total // STORED_SEGMENT) - 1
        plain = open_segments(key, opened.chunks, first, last)
        return _primed(_cut(plain, first * SEGMENT, start, size if end is None else min(end, size)))

    def size(self, account_id: str, kind: ObjectKind, object_id: str) -> int:
        """Plaintext bytes. Raises ObjectMissing."""
        return plain_size(self.bucket.size(object_name(account_id, kind, object_id))[0])

    def delete(self, account_id: str, kind: ObjectKind, object_id: str) -> Deleted:
        """Remove every version of one object."""
        name = object_name(account_id, kind, object_id)
        return self._remove(entry for entry in self.bucket.found(name) if entry.name == name)

    def delete_all_versions(self, prefix: str) -> Deleted:
        """Remove every version, delete marker and unfinished upload under a prefix such as "<account_id>/"."""
        return self._remove(self.bucket.found(prefix))

    def ids(self, account_id: str, kind: ObjectKind) -> list[str]:
        """The ids of an account's objects of a kind that have any version, marker or unfinished upload."""
        prefix = f"{_checked(account_id)}/{kind.name}/"
        return sorted({entry.name.removeprefix(prefix) for entry in self.bucket.found(prefix)})

    def release(self, account_id: str, kind: ObjectKind, object_id: str, expires_s: int = 300) -> Released:
        """What a reader elsewhere needs for the current version only. Raises ObjectMissing, KeyDestroyed."""
        name = object_name(account_id, kind, object_id)
        stored, salt, version = self.bucket.size(name)
        key = self._key(account_id, kind, name, salt)
        url = self.bucket.presigned_get(name, version, expires_s)
        return Released(url, base64.b64encode(key).decode(), plain_size(stored))

    def grant_upload(self, account_id: str, kind: ObjectKind, object_id: str, expires_s: int = 900) -> str:
        """A URL to PUT bytes that are sealed already (export parts)."""
        return self.bucket.presigned_put(object_name(account_id, kind, object_id), expires_s)

    def raw(self, account_id: str, kind: ObjectKind, object_id: str) -> Iterator[bytes]:
        """An object as stored, for what `grant_upload` received. Raises ObjectMissing."""
        return self.bucket.get(object_name(account_id, kind, object_id)).chunks

    def _key(self, account_id: str, kind: ObjectKind, name: str, salt: bytes) -> bytes:
        return self._vault.derive(account_id, kind.declared.purpose, b"object|" + name.encode(), salt)

    def _remove(self, entries: Iterable[Found]) -> Deleted:
        listed = list(entries)
        self.bucket.remove(listed)
        kinds = [entry.kind for entry in listed]
        names = {entry.name for entry in listed}
        return Deleted(len(names), kinds.count("version"), kinds.count("marker"), kinds.count("upload"))


@dataclass(frozen=True, slots=True)
class OpenReleased:
    """Reads what another service released. `fetch` gets the sealed bytes of a URL."""

    url: str
    key: str
    fetch: Callable[[str], Iterator[bytes]] = http_fetch

    def chunks(self) -> Iterator[bytes]:
        """The plaintext in blocks of 64 KiB. Raises ObjectMissing, StoreRefused (an expired URL) or Tampered."""
        return open_segments(base64.b64decode(self.key), self.fetch(self.url))


def object_name(account_id: str, kind: ObjectKind, object_id: str) -> str:
    """`<account_id>/<kind>/<object_id>`; raises BadName for anything that is not plain."""
    return f"{_checked(account_id)}/{_checked(kind.name)}/{_checked(object_id)}"


def _checked(part: str) -> str:
    if not NAME.fullmatch(part):
        raise BadName("object names are made of letters, digits, dots, dashes and underscores")
    return part


class IterReader:
    """An iterator of bytes as something with `read(n)`. It gives `n` bytes whenever it can: the S3 client adds what it
    reads to what it has, byte by byte again for every short read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, n: int = -1, /) -> bytes:
        """`n` bytes, fewer at the end, none after it; all that is left when `n` is negative."""
        held, size = [self._rest], len(self._rest)
        while n < 0 or size < n:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            held.append(chunk)
            size += len(chunk)
        whole = b"".join(held)
        taken, self._rest = (whole, b"") if n < 0 else (whole[:n], whole[n:])
        return taken


class _Measured:
    """The plaintext on its way: counted, limited and hashed."""

    def __init__(self, reader: Readable | Iterable[bytes], limit: int) -> None:
        self._reader = reader
        self._limit = limit
        self._size = 0
        self._hash = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        for chunk in _chunks_of(self._reader):
            self._size += len(chunk)
            if self._size > self._limit:
                raise TooLarge(self._limit)
            self._hash.update(chunk)
            yield chunk

    def info(self) -> ObjectInfo:
        return ObjectInfo(self._size, self._hash.hexdigest())


def _chunks_of(reader: Readable | Iterable[bytes]) -> Iterator[bytes]:
    read = getattr(reader, "read", None)
    if read is None:
        yield from regroup(reader, SEGMENT)  # type: ignore[arg-type]  # what cannot read(n) is an iterable
        return
    while chunk := read(SEGMENT):
        yield chunk


def _cut(plain: Iterator[bytes], at: int, start: int, end: int) -> Iterator[bytes]:
    for block in plain:
        piece = block[max(0, start - at) : max(0, end - at)]
        at += len(block)
        if piece:
            yield piece
    if at < end:
        raise Tampered("fewer bytes than the object has")


def _primed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same chunks, the first of them produced already, so that its errors come before any answer begins."""
    first = next(chunks, None)
    return iter(()) if first is None else chain([first], chunks)


__all__ = [
    "BadName",
    "Deleted",
    "ObjectInfo",
    "ObjectKind",
    "ObjectMissing",
    "Objects",
    "OpenReleased",
    "OutOfRange",
    "Released",
    "TooLarge",
    "object_name",
]
