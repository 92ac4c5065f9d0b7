"""Finished pictures in render's own bucket, sealed under the account's key."""

from collections.abc import Iterator

from nexoraz.events.classification import Personal
from nexoraz.events.objects import ObjectKind, Objects

OUTPUTS = ObjectKind("outputs", Personal("user.content.private", purpose="content"))
MAX_OUTPUT_BYTES = 200 * 1024 * 1024


class SealedOutputs:
    """The Outputs port, and reading by range for downloads."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def put(self, account_id: str, output_id: str, data: bytes) -> int:
        return self._objects.put_stream(account_id, OUTPUTS, output_id, iter([data]), MAX_OUTPUT_BYTES).size

    def delete(self, account_id: str, output_id: str) -> None:
        self._objects.delete(account_id, OUTPUTS, output_id)

    def read(self, account_id: str, output_id: str, start: int, end: int | None) -> Iterator[bytes]:
        """The bytes from `start` up to, not including, `end`."""
        return self._objects.open_range(account_id, OUTPUTS, output_id, start, end)
