"""Notices that a service's databases are not those in which its last erasure began: a backup came back.

What must be remembered lies beside the key-encryption keys, in the one place that belongs into no backup (decision
0014): which databases these are (server, database, timeline), and how far the events were when an erasure began. A
service whose databases are others, or further back, is closed until its worker has erased again what it missed.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import msgspec
import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

FILE = "incarnation.json"
LOOK_EVERY_S = 1.0
"""How long a web process relies on its last look."""
IDENTITY = """
SELECT concat_ws('.', (SELECT system_identifier FROM pg_control_system()), d.oid,
                 left(pg_walfile_name(pg_current_wal_lsn()), 8))
FROM pg_database d WHERE d.datname = current_database()
"""
POSITION = "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('events', 'position')::regclass), 0)"
log = structlog.get_logger()


class Incarnation(msgspec.Struct, frozen=True):
    """What is remembered. position: of the last erasure that began here. closed: why nothing is served now, or "".

    restore_id, as_of: of the restore that closed it; `as_of` is how old the data is taken to be.
    """

    data: str
    vault: str
    position: int
    closed: str = ""
    restore_id: str = ""
    as_of: datetime | None = None


class RestoreGuard:
    """Compares what is remembered with what is there. One per process; safe for threads."""

    def __init__(
        self, engine: Engine, vault_engine: Engine, folder: Path, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine = engine
        self._vault = vault_engine
        self._file = folder / FILE
        self._clock = clock
        self._looked: tuple[float, bool] | None = None

    def may_serve(self) -> bool:
        """Whether data may be shown; looked up once a second. A database that does not answer changes nothing, unless
        this process never saw it open: then its error is raised."""
        now = self._clock()
        if self._looked is None or now - self._looked[0] > LOOK_EVERY_S:
            try:
                self._looked = (now, not self.reason())
            except SQLAlchemyError:
                if self._looked is None:
                    raise
        return self._looked[1]

    def reason(self) -> str:
        """Why this service is closed, or "". Nothing was ever remembered: then nothing can have been missed."""
        known = self.remembered()
        if known is None:
            return ""
        if known.closed:
            return known.closed
        data, position = self._data()
        if data != known.data:
            return "the database is another one than before"
        if position < known.position:
            return "the database is older than an erasure that began in it"
        if self._identity(self._vault) != known.vault:
            return "the vault is another one than before"
        return ""

    @property
    def is_closed(self) -> bool:
        """Whether it was closed and not opened again."""
        known = self.remembered()
        return known is not None and bool(known.closed)

    def remembered(self) -> Incarnation | None:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=Incarnation)
        except FileNotFoundError:
            return None

    def remember(self, position: int = 0) -> None:
        """These databases have come at least that far. For the worker: before keys are destroyed, and at its start."""
        with self._changing() as known:
            if known is None:
                self._write(Incarnation(self._data()[0], self._identity(self._vault), position))
            elif position > known.position:
                self._write(msgspec.structs.replace(known, position=position))

    def close(self, why: str, as_of: datetime | None = None) -> Incarnation:
        """Serve nothing until `reopen`. A second call changes nothing."""
        with self._changing() as known:
            if known is not None and known.closed:
                return known
            closed = msgspec.structs.replace(
                known or Incarnation("", "", 0),
                closed=why,
                restore_id=str(uuid4()),
                as_of=as_of or self._newest_event(),
            )
            self._write(closed)
            return closed

    def reopen(self) -> None:
        """What was missed is erased again: these databases are the ones from now on."""
        with self._changing():
            data, position = self._data()
            self._write(Incarnation(data, self._identity(self._vault), position))
        self._looked = None

    def _data(self) -> tuple[str, int]:
        with self._engine.connect() as connection:
            identity = str(connection.exec_driver_sql(IDENTITY).scalar_one())
            return identity, int(connection.exec_driver_sql(POSITION).scalar_one())

    def _identity(self, engine: Engine) -> str:
        with engine.connect() as connection:
            return str(connection.exec_driver_sql(IDENTITY).scalar_one())

    def _newest_event(self) -> datetime:
        """All that is there is at most this old, so whatever was committed up to then is there."""
        with self._engine.connect() as connection:
            newest: datetime | None = connection.exec_driver_sql(
                "SELECT occurred_at FROM events ORDER BY position DESC LIMIT 1"
            ).scalar()
        return newest or datetime.fromtimestamp(0, UTC)

    @contextmanager
    def _changing(self) -> Iterator[Incarnation | None]:
        """One writer at a time, over all processes that share the folder."""
        with self._file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self.remembered()

    def _write(self, known: Incarnation) -> None:
        fresh = self._file.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(known))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._file)
