"""What the web serves byte for byte: certificates, keys, archives."""

from collections.abc import Iterator

from sqlalchemy import Engine

from nexoraz.events.objects import ObjectMissing, Objects
from nexoraz.events.registry import KeyDestroyed
from nexoraz.privacy.adapters.archive_store import ARCHIVES
from nexoraz.privacy.adapters.certificate_book import amendments_file, certificate_file, public_keys
from nexoraz.privacy.domain.canonical import Json


class StoredDocuments:
    """The port of the web layer on privacy's database and bucket."""

    def __init__(self, engine: Engine, objects: Objects) -> None:
        self._engine = engine
        self._objects = objects

    def certificate(self, request_id: str) -> bytes | None:
        with self._engine.connect() as connection:
            return certificate_file(connection, request_id)

    def amendments(self, request_id: str) -> bytes | None:
        with self._engine.connect() as connection:
            return amendments_file(connection, request_id)

    def keys(self) -> list[Json]:
        with self._engine.connect() as connection:
            return public_keys(connection)

    def archive(self, account_id: str, request_id: str, start: int, end: int) -> Iterator[bytes] | None:
        try:
            return self._objects.open_range(account_id, ARCHIVES, request_id, start, end)
        except (ObjectMissing, KeyDestroyed):
            return None
