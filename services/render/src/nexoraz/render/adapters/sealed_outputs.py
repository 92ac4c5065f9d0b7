"""Finished pictures in render's own bucket, sealed under the account's key."""

from collections.abc import Iterator

from minio.error import MinioException
from urllib3.exceptions import HTTPError

from nexoraz.events.bucket_port import StoreRefused
from nexoraz.events.classification import Personal
from nexoraz.events.objects import ObjectKind, Objects
from nexoraz.render.application.ports import OutputsUnavailable

OUTPUTS = ObjectKind("outputs", Personal("user.content.private", purpose="content"))
AWAY = (OSError, HTTPError, MinioException, StoreRefused)
MAX_OUTPUT_BYTES = 200 * 1024 * 1024


class SealedOutputs:
    """The Outputs port, and reading by range for downloads."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def put(self, account_id: str, output_id: str, data: bytes) -> int:
        try:
            return self._objects.put_stream(account_id, OUTPUTS, output_id, iter([data]), MAX_OUTPUT_BYTES).size
        except AWAY as error:
            raise OutputsUnavailable(type(error).__name__) from error

    def delete(self, account_id: str, output_id: str) -> None:
        try:
            self._objects.delete(account_id, OUTPUTS, output_id)
        except AWAY as error:
            raise OutputsUnavailable(type(error).__name__) from error

    def read(self, account_id: str, output_id: str, start: int, end: int | None) -> Iterator[bytes]:
        """The bytes from `start` up to, not including, `end`. Raises OutputsUnavailable before the first of them."""
        try:
            return self._objects.open_range(account_id, OUTPUTS, output_id, start, end)
        except AWAY as error:
            raise OutputsUnavailable(type(error).__name__) from error
