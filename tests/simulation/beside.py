"""What lies beside a service's databases: its key-encryption keys, and what it remembers of the databases."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from nexoraz.events.incarnation import Incarnation, RestoreGuard
from nexoraz.events.kek import EpochDestroyed
from tests.simulation.dialect import moment

if TYPE_CHECKING:
    from tests.simulation.suite import Service


class Keks:
    """Key-encryption keys in memory; the port is kek.Kek."""

    def __init__(self) -> None:
        self.keys: dict[int, bytes] = {}

    def create(self, epoch: int) -> None:
        self.keys.setdefault(epoch, os.urandom(32))

    def wrap(self, epoch: int, key: bytes, binding: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._key(epoch).encrypt(nonce, key, binding)

    def unwrap(self, epoch: int, wrapped: bytes, binding: bytes) -> bytes:
        return self._key(epoch).decrypt(wrapped[:12], wrapped[12:], binding)

    def destroy(self, epoch: int) -> None:
        self.keys.pop(epoch, None)

    def _key(self, epoch: int) -> AESGCM:
        if epoch not in self.keys:
            raise EpochDestroyed(epoch)
        return AESGCM(self.keys[epoch])


class Guard(RestoreGuard):
    """Remembers beside the keys, in memory; a database that was restored is another one."""

    def __init__(self, service: "Service", clock: Callable[[], float]) -> None:
        self._service = service
        self._clock = clock
        self._looked = None
        self._engine, self._vault = service.database.engine, service.vault.engine

    def remembered(self) -> Incarnation | None:
        return self._service.remembered

    def _data(self) -> tuple[str, int]:
        database = self._service.database
        given = database.rows("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)")
        return f"data {database.incarnation}", given[0][0]

    def _identity(self, engine: object) -> str:
        return "vault"

    @contextmanager
    def _changing(self) -> Iterator[Incarnation | None]:
        yield self.remembered()

    def _write(self, known: Incarnation) -> None:
        self._service.remembered = known

    def _newest_event(self) -> datetime:
        rows = self._service.database.rows("SELECT occurred_at FROM events ORDER BY position DESC LIMIT 1")
        return moment(rows[0][0]) if rows else moment(0)
