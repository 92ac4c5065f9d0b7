"""The event store on PostgreSQL: SQLAlchemy around one hot statement that goes down to the driver.

Order: positions are given out by `nexoraz_append`, under an advisory lock that the transaction takes with its last
statement and holds until the commit. Positions are therefore the commit order, and a reader that takes everything
after its checkpoint skips nothing (TARGETS.md, first trap). The lock is short because nothing follows it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import uuid4

import msgspec
from sqlalchemy import Connection, Engine, Row, select
from sqlalchemy.dialects.postgresql import insert as upsert

from nexoraz.events.append_function import APPEND_LOCK
from nexoraz.events.event import Event, Recorded, Stream
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

    @contextmanager
    def transaction(self) -> Iterator["SqlTransaction"]:
        """Commit on a clean exit. Raises VersionConflict or AccountErased when the appends did not fit."""
        with self.engine.connect() as connection:
            tx = SqlTransaction(self, connection)
            with connection.begin():
                yield tx
                tx.flush()
        tx.committed()


class SqlTransaction:
    """A unit of work; see store.Transaction for the promises."""

    def __init__(self, store: SqlEventStore, connection: Connection) -> None:
        self.connection = connection
        self._store = store
        self._staged: list[tuple[Recorded, str]] = []
        self._tombstones: list[str] = []
        self._actions: list[Callable[[], None]] = []

    def read(self, stream: Stream, after: int = 0) -> list[Recorded]:
        events = self._store.tables.events
        rows = self.connection.execute(
            select(events).where(events.c.stream == stream.name, events.c.version > after).order_by(events.c.version)
        )
        stored = [recorded_of(row, self._store.registry, self._store.sealer) for row in rows]
        own = [r for r, _ in self._staged if r.stream.name == stream.name and r.version > after]
        return stored + own

    def append(self, stream: Stream, expected: int, events: Sequence[Event]) -> list[Recorded]:
        store = self._store
        at, trace = store.clock(), store.traceparent() or ""
        staged = [Recorded(0, uuid4(), stream, expected + n, at, e, "", trace) for n, e in enumerate(events, start=1)]
        for recorded in staged:
            body = store.registry.encode(recorded.event, stream, recorded.version, store.sealer)
            self._staged.append((recorded, msgspec.json.encode(body).decode()))
            for projection in store.inline:
                projection.apply(self, recorded)
        return staged

    def tombstone(self, account_id: str) -> None:
        self._tombstones.append(account_id)

    def is_erased(self, account_id: str) -> bool:
        if account_id in self._tombstones:
            return True
        erased = self._store.tables.erased_accounts
        found = self.connection.execute(select(erased.c.account_id).where(erased.c.account_id == account_id))
        return found.first() is not None

    def after_commit(self, action: Callable[[], None]) -> None:
        self._actions.append(action)

    def flush(self) -> None:
        """Store what was staged, as the last statements before the commit."""
        if self._tombstones:
            self._bury()
        if not self._staged:
            return
        stored = self._insert([self._row(r, body) for r, body in self._staged])
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

    def _bury(self) -> None:
        # Under the lock of the appends: whoever appends after this commit sees the tombstone.
        self.connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({APPEND_LOCK})")
        begun = [{"account_id": a, "begun_at": self._store.clock()} for a in self._tombstones]
        self.connection.execute(upsert(self._store.tables.erased_accounts).on_conflict_do_nothing(), begun)

    def _row(self, recorded: Recorded, body: str) -> tuple[Any, ...]:
        stream, type_ = recorded.stream, self._store.registry.name_of(type(recorded.event))
        return (
            recorded.id, stream.name, recorded.version, type_, stream.account_id,
            recorded.occurred_at, body, recorded.causation_id, recorded.traceparent,
        )  # fmt: skip

    def _insert(self, rows: list[tuple[Any, ...]]) -> dict[int, int]:
        # Past SQLAlchemy on purpose: its per-statement cost is about twice the statement itself (TARGETS.md).
        driver = self.connection.connection.driver_connection
        assert driver is not None
        columns = [list(column) for column in zip(*rows, strict=True)]
        return dict(driver.execute(APPEND, columns, prepare=True).fetchall())


APPEND = (
    "SELECT ordinal, place FROM nexoraz_append(%b::uuid[], %b::text[], %b::int[], %b::text[], %b::text[],"
    " %b::timestamptz[], %b::text[], %b::text[], %b::text[])"
)


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
