"""Fakes of assets' ports for tests; they pass the ports' contract suites."""

import hashlib
import json
from collections.abc import Iterable, Iterator

from nexoraz.assets.application.ports import PictureUnreadable, StorageUnavailable, Stored, Thumbnail
from nexoraz.assets.domain.quota import QuotaExhausted
from nexoraz.assets.domain.sniffing import KEPT, media_type
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.store import Transaction


class MemoryFiles:
    """Files by account and id. `down`: the storage is away. `destroyed`: accounts without keys."""

    def __init__(self) -> None:
        self.files: dict[tuple[str, str], bytes] = {}
        self.destroyed: set[str] = set()
        self.down = False

    def put(self, account_id: str, photo_id: str, chunks: Iterable[bytes], max_bytes: int) -> Stored:
        self._reach(account_id)
        content = b"".join(chunks)
        assert len(content) <= max_bytes
        self._reach(account_id)
        self.files[account_id, photo_id] = content
        return Stored(len(content), hashlib.sha256(content).digest())

    def read(self, account_id: str, photo_id: str, start: int, end: int | None) -> Iterator[bytes]:
        return iter([self._content(account_id, photo_id)[start:end]])

    def delete(self, account_id: str, photo_id: str) -> int:
        if self.down:
            raise StorageUnavailable
        return 0 if self.files.pop((account_id, photo_id), None) is None else 1

    def release(self, account_id: str, photo_id: str) -> bytes:
        content = self._content(account_id, photo_id)
        return json.dumps({"url": f"memory:{photo_id}", "key": "", "size": len(content)}).encode()

    def _content(self, account_id: str, photo_id: str) -> bytes:
        self._reach(account_id)
        if (account_id, photo_id) not in self.files:
            raise LookupError(photo_id)
        return self.files[account_id, photo_id]

    def _reach(self, account_id: str) -> None:
        if self.down:
            raise StorageUnavailable
        if account_id in self.destroyed:
            raise KeyDestroyed(account_id)


class MemoryQuota:
    """exhausted: what is raised at the next check, if anything."""

    def __init__(self) -> None:
        self.exhausted: QuotaExhausted | None = None

    def check(self, tx: Transaction, account_id: str) -> None:  # noqa: ARG002 - the port's shape
        if self.exhausted is not None:
            raise self.exhausted


class MemoryThumbnails:
    """Thumbnails by account and photo."""

    def __init__(self) -> None:
        self.files: dict[tuple[str, str], bytes] = {}

    def put(self, account_id: str, photo_id: str, content: bytes) -> None:
        self.files[account_id, photo_id] = content

    def read(self, account_id: str, photo_id: str, start: int, end: int | None) -> Iterator[bytes]:
        if (account_id, photo_id) not in self.files:
            raise LookupError(photo_id)
        return iter([self.files[account_id, photo_id][start:end]])

    def delete(self, account_id: str, photo_id: str) -> int:
        return 0 if self.files.pop((account_id, photo_id), None) is None else 1


class MemoryThumbnailer:
    """Looks at no pixel. What does not begin like a picture that is kept cannot be read."""

    def make(self, chunks: Iterable[bytes]) -> Thumbnail:
        content = b"".join(chunks)
        if media_type(content) not in KEPT:
            raise PictureUnreadable
        return Thumbnail(b"small " + hashlib.sha256(content).digest(), 16, 16)


class MemoryPhotos:
    """Knows the photos it was told, as (account id, photo id). in_bin: those that lie there."""

    def __init__(self) -> None:
        self.photos: set[tuple[str, str]] = set()
        self.in_bin: set[tuple[str, str]] = set()

    def exists(self, tx: Transaction, account_id: str, photo_id: str) -> bool:  # noqa: ARG002 - the port's shape
        return (account_id, photo_id) in self.photos

    def needs_file(self, tx: Transaction, account_id: str, photo_id: str) -> bool:  # noqa: ARG002 - the port's shape
        return (account_id, photo_id) in self.photos | self.in_bin
