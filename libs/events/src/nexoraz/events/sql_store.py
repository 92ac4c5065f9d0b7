"""The event store on PostgreSQL: SQLAlchemy around two hot statements that go down to the driver.

Order: positions are given out by `nexoraz_append`, under an advisory lock that the transaction takes with its last
statement and holds until the commit. Positions are therefore the commit order, and a reader that takes everything
after its checkpoint skips nothing. The lock is short because nothing follows it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import uuid4

import msgspec
from sqlalchemy import Connection, Engine, Row
from sqlalchemy.dialects.postgresql import insert as upsert

from nexoraz.events.append import AppendRow, Autocommit, Driver, append_rows, driver_of
from nexoraz.events.append_function import APPEND_LOCK
from nexoraz.events.event import Event, Recorded, Stream
from nexoraz.events.group_commit import GroupCommit
from nexoraz.events.registry import Registry, Sealer
from nexoraz.events.schema import KernelTables
from nexoraz.events.store import AccountErased, Transaction, VersionConflict

Clock = Callable[[], datetime]


class InlineProjection(Protocol):
    """A read model that is updated in the transaction which appends, so that the answer can read its own write."""

    def apply(self, tx: Transaction, recorded: Recorded) -> None: ...


def now() -> datetime:
    return datetime.now(UTC)


def no_trace() -> str | None:
    return None


def no_hint() -> None:
    return None


class SqlEventStore:
    """Transactions on one service's database.

    hint: called after each commit that appended, to wake the relay. traceparent: the current W3C trace context.
    """

    def __init__(
        self,
        engine: Engine,
        tables: KernelTables,
        registry: Registry,
        sealer: Sealer,
        inline: Sequence[InlineProjection] = (),
        clock: Clock = now,
        hint: Callable[[], None] = no_hint,
        traceparent: Callable[[], str | None] = no_trace,
    ) -> None:
        self.engine = engine
        self.tables = tables
        self.registry = registry
        self.sealer = sealer
        self.inline = list(inline)
        self.clock = clock
        self.hint = hint
        self.traceparent = traceparent
        self.group = GroupCommit(engine)

    @contextmanager
    def transaction(self) -> Iterator["SqlTransaction"]:
        """Commit on a clean exit. Raises VersionConflict or AccountErased when the appends did not fit."""
        tx = SqlTransaction(self)
        with tx.scope:
            yield tx
            tx.commit()
        tx.committed()


class SqlTransaction:
    """A unit of work; see store.Transaction for the promises.

    A database transaction begins with the first use of `connection`. A unit that only reads streams and appends needs
    none: what it read is guarded by the expected versions, and its appends are one statement (group_commit.py).
    """

    def __init__(self, store: SqlEventStore, connection: Connection | None = None) -> None:
        self.scope = ExitStack()
        self._store = store
        self._connection = connection
        self._staged: list[tuple[Recorded, AppendRow]] = []
        self._tombstones: list[str] = []
        self._actions: list[Callable[[], None]] = []

    @property
    def connection(self) -> Connection:
        """The connection of this unit, inside its database transaction, which begins now at the latest."""
        if self._connection is None:
            self._connection = self.scope.enter_context(self._store.engine.connect())
            self.scope.enter_context(self._connection.begin())
        return self._connection

    def read(self, stream: Stream, after: int = 0) -> list[Recorded]:
        with self._driver() as driver:
            rows = driver.execute(READ, (stream.name, after), prepare=True, binary=True).fetchall()
        stored = [self._recorded(stream, row) for row in rows]
        return stored + [r for r, _ in self._staged if r.stream.name == stream.name and r.version > after]

    def append(self, stream: Stream, expected: int, events: Sequence[Event]) -> list[Recorded]:
        store = self._store
        at, trace = store.clock(), store.traceparent() or ""
        staged = [Recorded(0, uuid4(), stream, expected + n, at, e, "", trace) for n, e in enumerate(events, start=1)]
        for recorded in staged:
            self._staged.append((recorded, self._row(recorded)))
            for projection in store.inline:
                projection.apply(self, recorded)
        return staged

    def tombstone(self, account_id: str) -> None:
        self._tombstones.append(account_id)

    def is_erased(self, account_id: str) -> bool:
        if account_id in self._tombstones:
            return True
        with self._driver() as driver:
            return driver.execute(IS_ERASED, (account_id,), prepare=True).fetchone() is not None

    def after_commit(self, action: Callable[[], None]) -> None:
        self._actions.append(action)

    def commit(self) -> None:
        """Store what was staged, as the last statements before the commit, and commit."""
        alone = self._connection is None and self._staged and not self._tombstones
        if alone and self._store.group.append([row for _, row in self._staged]):
            return
        self.flush()
        if self._connection is not None:
            self._connection.commit()

    def flush(self) -> None:
        """Store what was staged in the database transaction of this unit."""
        if self._tombstones:
            self._bury()
        if not self._staged:
            return
        stored = append_rows(driver_of(self.connection.connection), [row for _, row in self._staged])
        if len(stored) == len(self._staged):
            return
        refused = next(r for n, (r, _) in enumerate(self._staged, start=1) if n not in stored)
        if refused.stream.account_id and self.is_erased(refused.stream.account_id):
            raise AccountErased(refused.stream.account_id)
        raise VersionConflict(refused.stream.name, refused.version - 1)

    def committed(self) -> None:
        """Run what waited for the commit."""
        for action in self._actions:
            action()
        if self._staged:
            self._store.hint()

    @contextmanager
    def _driver(self) -> Iterator[Driver]:
        """Where to read: inside the database transaction if there is one."""
        if self._connection is not None:
            yield driver_of(self._connection.connection)
            return
        with Autocommit(self._store.engine) as driver:
            yield driver

    def _bury(self) -> None:
        # Under the lock of the appends: whoever appends after this commit sees the tombstone.
        self.connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({APPEND_LOCK})")
        begun = [{"account_id": a, "begun_at": self._store.clock()} for a in self._tombstones]
        self.connection.execute(upsert(self._store.tables.erased_accounts).on_conflict_do_nothing(), begun)

    def _row(self, recorded: Recorded) -> AppendRow:
        stream, registry = recorded.stream, self._store.registry
        body = registry.encode(recorded.event, stream, recorded.version, self._store.sealer)
        return (
            recorded.id, stream.name, recorded.version, registry.name_of(type(recorded.event)), stream.account_id,
            recorded.occurred_at, msgspec.json.encode(body), recorded.causation_id, recorded.traceparent,
        )  # fmt: skip

    def _recorded(self, stream: Stream, row: tuple[Any, ...]) -> Recorded:
        position, id_, account_id, version, type_, at, body, cause, trace = row
        if account_id != stream.account_id:
            stream = Stream(stream.name, account_id)
        store = self._store
        event = store.registry.decode(type_, _decode(body), stream, version, store.sealer)
        return Recorded(position, id_, stream, version, at, event, cause, trace)


_decode = msgspec.json.Decoder().decode
READ = (
    "SELECT position, id, account_id, version, type, occurred_at, data::text, causation_id, traceparent"
    " FROM events WHERE stream = %s AND version > %s ORDER BY version"
)
IS_ERASED = "SELECT 1 FROM erased_accounts WHERE account_id = %s"


def recorded_of(row: Row[Any], registry: Registry, sealer: Sealer | None) -> Recorded:
    """A row of `events` as a record. Without a sealer personal fields read as erased (the relay needs none)."""
    stream = Stream(row.stream, row.account_id)
    event = registry.decode(row.type, row.data, stream, row.version, sealer)
    return Recorded(
        row.position, row.id, stream, row.version, row.occurred_at, event, row.causation_id, row.traceparent
    )


def connection_of(tx: Transaction) -> Connection:
    """The SQLAlchemy connection inside a transaction, for projections and other SQL adapters."""
    if not isinstance(tx, SqlTransaction):
        raise TypeError(f"{type(tx).__name__} has no SQL connection")
    return tx.connection
