"""The event store in memory, for component tests and simulation. It passes the contract suite of the real one."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

import msgspec

from nexoraz.events.event import Event, Recorded, Stream
from nexoraz.events.registry import Json, Registry, Sealer
from nexoraz.events.sql_store import Clock, InlineProjection, no_hint, now
from nexoraz.events.store import AccountErased, VersionConflict


class MemoryEventStore:
    """Keeps encoded rows, so that sealing, upcasting and erasure behave as on PostgreSQL."""

    def __init__(
        self,
        registry: Registry,
        sealer: Sealer,
        inline: Sequence[InlineProjection] = (),
        clock: Clock = now,
        hint: Callable[[], None] = no_hint,
    ) -> None:
        self.registry = registry
        self.sealer = sealer
        self.inline = list(inline)
        self.clock = clock
        self.hint = hint
        self.rows: list[tuple[Recorded, str, Json]] = []
        self.erased: set[str] = set()
        self._lock = threading.RLock()

    @contextmanager
    def transaction(self) -> Iterator["MemoryTransaction"]:
        """Commit on a clean exit. Raises VersionConflict or AccountErased when the appends did not fit."""
        tx = MemoryTransaction(self)
        yield tx
        with self._lock:
            tx.flush()
        tx.committed()

    def committed(self, after: int = 0) -> list[Recorded]:
        """Everything committed after a position, in commit order."""
        return [self._open(row) for row in self.rows if row[0].position > after]

    def _open(self, row: tuple[Recorded, str, Json]) -> Recorded:
        recorded, type_, body = row
        event = self.registry.decode(type_, body, recorded.stream, recorded.version, self.sealer)
        return msgspec.structs.replace(recorded, event=event)


class MemoryTransaction:
    """A unit of work; see store.Transaction for the promises."""

    def __init__(self, store: MemoryEventStore) -> None:
        self._store = store
        self._staged: list[tuple[Recorded, str, Json]] = []
        self._tombstones: set[str] = set()
        self._actions: list[Callable[[], None]] = []

    def read(self, stream: Stream, after: int = 0) -> list[Recorded]:
        rows = [r for r in [*self._store.rows, *self._staged] if r[0].stream.name == stream.name]
        return [self._store._open(row) for row in rows if row[0].version > after]

    def append(self, stream: Stream, expected: int, events: Sequence[Event]) -> list[Recorded]:
        store, at = self._store, self._store.clock()
        staged = [Recorded(0, uuid4(), stream, expected + n, at, e) for n, e in enumerate(events, start=1)]
        for recorded in staged:
            body = store.registry.encode(recorded.event, stream, recorded.version, store.sealer)
            self._staged.append((recorded, store.registry.name_of(type(recorded.event)), body))
            for projection in store.inline:
                projection.apply(self, recorded)
        return staged

    def tombstone(self, account_id: str) -> None:
        self._tombstones.add(account_id)

    def is_erased(self, account_id: str) -> bool:
        return account_id in self._tombstones or account_id in self._store.erased

    def after_commit(self, action: Callable[[], None]) -> None:
        self._actions.append(action)

    def flush(self) -> None:
        """Store what was staged, all or nothing."""
        taken = {(r.stream.name, r.version) for r, _, _ in self._store.rows}
        for recorded, _, _ in self._staged:
            if recorded.stream.account_id and self.is_erased(recorded.stream.account_id):
                raise AccountErased(recorded.stream.account_id)
            if (recorded.stream.name, recorded.version) in taken:
                raise VersionConflict(recorded.stream.name, recorded.version - 1)
            taken.add((recorded.stream.name, recorded.version))
        last = self._store.rows[-1][0].position if self._store.rows else 0
        for n, (recorded, type_, body) in enumerate(self._staged, start=last + 1):
            self._store.rows.append((msgspec.structs.replace(recorded, position=n), type_, body))
        self._store.erased |= self._tombstones

    def committed(self) -> None:
        """Run what waited for the commit."""
        for action in self._actions:
            action()
        if self._staged:
            self._store.hint()
