"""The port of a bucket: what sealed objects ask of an object store."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

READ = 256 * 1024
"""Bytes per chunk that a bucket gives."""


class ObjectMissing(LookupError):
    """There is no such object."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no object {name}")
        self.name = name


class StoreRefused(Exception):
    """The object store did not do what it was asked; `code` is its own word for the reason."""

    def __init__(self, operation: str, code: str) -> None:
        super().__init__(f"{operation}: {code}")
        self.operation = operation
        self.code = code


@dataclass(frozen=True, slots=True)
class Deleted:
    """Counts of what was removed: names, their versions, delete markers, unfinished uploads."""

    objects: int = 0
    versions: int = 0
    markers: int = 0
    uploads: int = 0


@dataclass(frozen=True, slots=True)
class Opened:
    """An object, or a range of it, being read. `total` is the size of the whole object as stored."""

    total: int
    salt: bytes
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Found:
    """One entry of a listing with versions; `kind` is "version", "marker" or "upload"."""

    name: str
    kind: str
    id: str


class Readable(Protocol):
    """Anything with `read(n)`; short reads are allowed, empty bytes are the end."""

    def read(self, n: int, /) -> bytes: ...


class Bucket(Protocol):
    """One bucket. Names are paths without a leading slash."""

    def put(self, name: str, reader: Readable, salt: bytes) -> None:
        """Store all that `reader` gives, in bounded memory and without temporary files; nothing when it raises."""
        ...

    def get(self, name: str, start: int = 0, length: int | None = None) -> Opened:
        """Raises ObjectMissing. A range that begins after the end gives no chunks."""
        ...

    def size(self, name: str) -> tuple[int, bytes, str]:
        """Stored size, salt and version of an object. Raises ObjectMissing."""
        ...

    def found(self, prefix: str) -> Iterator[Found]:
        """Every version, delete marker and unfinished upload under the prefix."""
        ...

    def remove(self, found: Iterable[Found]) -> None:
        """Remove them for good; what is already gone is no error. Raises StoreRefused."""
        ...

    def presigned_get(self, name: str, version: str, expires_s: int) -> str: ...

    def presigned_put(self, name: str, expires_s: int) -> str: ...
