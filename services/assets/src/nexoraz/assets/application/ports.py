"""What assets needs from outside."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from nexoraz.events.store import Transaction


@dataclass
class StorageUnavailable(Exception):
    """The bucket is away; the same request may succeed a moment later."""


@dataclass(frozen=True, slots=True)
class Stored:
    """size: bytes of the file. digest: SHA-256 of it (personal: never kept)."""

    size: int
    digest: bytes


class PhotoFiles(Protocol):
    """The sealed files. All raise StorageUnavailable; reading and releasing raise LookupError for what is not there,
    and all but `delete` raise KeyDestroyed for an erased account."""

    def put(self, account_id: str, photo_id: str, chunks: Iterable[bytes], max_bytes: int) -> Stored:
        """Store a stream; nothing of it when `chunks` raises, which is raised on."""
        ...

    def read(self, account_id: str, photo_id: str, start: int, end: int | None) -> Iterator[bytes]:
        """The bytes from `start` up to, not including, `end`; errors come before the first chunk."""
        ...

    def delete(self, account_id: str, photo_id: str) -> int:
        """Every version; how many there were. Harmless when there is none."""
        ...

    def release(self, account_id: str, photo_id: str) -> bytes:
        """JSON with `url`, `key` and `size`, for a reader in another service. Never stored."""
        ...


@dataclass
class PictureUnreadable(Exception):
    """No thumbnail can be made of it."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """content: a WebP. width, height: in pixels."""

    content: bytes
    width: int
    height: int


class Thumbnailer(Protocol):
    """Makes pictures small."""

    def make(self, chunks: Iterable[bytes]) -> Thumbnail:
        """Raises PictureUnreadable, and what `chunks` raises."""
        ...


class ThumbnailFiles(Protocol):
    """The sealed thumbnails, by the ids of their photos; errors as in PhotoFiles."""

    def put(self, account_id: str, photo_id: str, content: bytes) -> None:
        """Store it, in the place of one that is there."""
        ...

    def read(self, account_id: str, photo_id: str, start: int, end: int | None) -> Iterator[bytes]:
        """The bytes from `start` up to, not including, `end`; errors come before the first chunk."""
        ...

    def delete(self, account_id: str, photo_id: str) -> int:
        """Every version; how many there were. Harmless when there is none."""
        ...


class Photos(Protocol):
    """Which photos exist."""

    def exists(self, tx: Transaction, account_id: str, photo_id: str) -> bool:
        """False for an unknown photo, one in the bin, a deleted one and another person's alike."""
        ...

    def needs_file(self, tx: Transaction, account_id: str, photo_id: str) -> bool:
        """Whether the photo is there, if only in the bin."""
        ...


class Quota(Protocol):
    """How much an account may keep."""

    def check(self, tx: Transaction, account_id: str) -> None:
        """Raises QuotaExhausted when more is kept than the plan allows, what `tx` adds included."""
        ...


class Tasks(Protocol):
    """The part of the kernel's TaskQueue that is needed here."""

    def enqueue(
        self, tx: Transaction, kind: str, key: str, payload: dict[str, object], account_id: str = "", delay_s: float = 0
    ) -> None: ...
