"""Photos in assets' own bucket, sealed under the account's key."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec
from minio.error import MinioException
from urllib3.exceptions import HTTPError

from nexoraz.assets.application.ports import StorageUnavailable, Stored
from nexoraz.assets.domain.events import PRIVATE
from nexoraz.events.buckets import StoreRefused
from nexoraz.events.objects import ObjectKind, Objects

PHOTOS = ObjectKind("photos", PRIVATE)
THUMBNAILS = ObjectKind("thumbnails", PRIVATE)


class SealedPhotos:
    """The PhotoFiles port."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def put(self, account_id: str, photo_id: str, chunks: Iterable[bytes], max_bytes: int) -> Stored:
        with _storage():
            info = self._objects.put_stream(account_id, PHOTOS, photo_id, chunks, max_bytes)
        return Stored(info.size, bytes.fromhex(info.sha256))

    def read(self, account_id: str, photo_id: str, start: int, end: int | None) -> Iterator[bytes]:
        with _storage():
            return self._objects.open_range(account_id, PHOTOS, photo_id, start, end)

    def delete(self, account_id: str, photo_id: str) -> int:
        with _storage():
            return self._objects.delete(account_id, PHOTOS, photo_id).versions

    def release(self, account_id: str, photo_id: str) -> bytes:
        with _storage():
            return msgspec.json.encode(self._objects.release(account_id, PHOTOS, photo_id))


class SealedThumbnails:
    """The ThumbnailFiles port."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def put(self, account_id: str, photo_id: str, content: bytes) -> None:
        with _storage():
            self._objects.put_stream(account_id, THUMBNAILS, photo_id, [content], len(content))

    def read(self, account_id: str, photo_id: str, start: int, end: int | None) -> Iterator[bytes]:
        with _storage():
            return self._objects.open_range(account_id, THUMBNAILS, photo_id, start, end)

    def delete(self, account_id: str, photo_id: str) -> int:
        with _storage():
            return self._objects.delete(account_id, THUMBNAILS, photo_id).versions


@contextmanager
def _storage() -> Iterator[None]:
    try:
        yield
    except (HTTPError, MinioException, StoreRefused) as error:
        raise StorageUnavailable from error
