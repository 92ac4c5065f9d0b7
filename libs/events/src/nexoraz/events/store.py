"""The port of the event store: what application code sees. Adapters: sql_store.py (PostgreSQL), memory.py."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from nexoraz.events.decider import Decider
from nexoraz.events.event import Event, Recorded, Stream

C = TypeVar("C")
T = TypeVar("T")
S = TypeVar("S")
E = TypeVar("E", bound=Event)


class VersionConflict(Exception):
    """Another transaction appended to the stream first. The command can be decided again on the new state."""

    def __init__(self, stream: str, expected: int) -> None:
        super().__init__(f"{stream} is no longer at version {expected}")
        self.stream = stream
        self.expected = expected


class AccountErased(Exception):
    """The account's erasure has begun, so nothing more is recorded for it (tombstone)."""

    def __init__(self, account_id: str) -> None:
        super().__init__(f"account {account_id} is erased")
        self.account_id = account_id


class Transaction(Protocol):
    """One unit of work. Appends become visible to others, and get positions, together when it commits.

    Reads see the transaction's own appends. Inline projections have seen an event when `append` returns.
    """

    def read(self, stream: Stream, after: int = 0) -> list[Recorded]:
        """The events of a stream with version > `after`, in order."""
        ...

    def append(self, stream: Stream, expected: int, events: Sequence[Event]) -> list[Recorded]:
        """Stage events after version `expected`. Raises KeyDestroyed at once; VersionConflict and AccountErased
        at the latest when the transaction commits."""
        ...

    def tombstone(self, account_id: str) -> None:
        """Record that the account's erasure began: after this transaction no store of this service appends for
        it again. Idempotent."""
        ...

    def is_erased(self, account_id: str) -> bool:
        """Whether the account's erasure has begun in this service."""
        ...

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run `action` once the transaction has committed, never when it rolled back (wake-ups, not effects)."""
        ...


class EventStore(Protocol):
    """Opens transactions. Commit on a clean exit, roll back on an exception."""

    def transaction(self) -> AbstractContextManager[Transaction]: ...


def load(tx: Transaction, decider: Decider[C, S, E], stream: Stream) -> tuple[S, int]:
    """The state of a stream and its version (0 for one that does not exist)."""
    history = tx.read(stream)
    return decider.fold(r.event for r in history), len(history) and history[-1].version


def execute(
    tx: Transaction, decider: Decider[C, S, E], stream: Stream, command: C, expected: int | None = None
) -> list[Recorded]:
    """Load, decide, append in the given transaction. Raises what the decider refuses.

    expected: the version on which the command was made up, such as the one that If-Match named; VersionConflict when
    the stream has moved on. To have compared it before is not enough: another one may commit between two reads.
    """
    state, version = load(tx, decider, stream)
    if expected is not None and version != expected:
        raise VersionConflict(stream.name, expected)
    events = decider.decide(command, state)
    return tx.append(stream, version, events) if events else []


def start(tx: Transaction, decider: Decider[C, S, E], stream: Stream, command: C) -> list[Recorded]:
    """Decide the first command of a stream whose id was made just now, and append. Nothing is read; VersionConflict
    when the stream exists after all."""
    return tx.append(stream, 0, decider.decide(command, decider.initial))


def repeated(store: EventStore, work: Callable[[Transaction], T], attempts: int = 4) -> T:
    """`work` in a transaction of its own, done again from the start when another one was faster (at most
    `attempts` times). `work` has no effect outside of the transaction."""
    for attempt in range(1, attempts + 1):
        try:
            with store.transaction() as tx:
                return work(tx)
        except VersionConflict:
            if attempt == attempts:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def handle(
    store: EventStore, decider: Decider[C, S, E], stream: Stream, command: C, attempts: int = 4
) -> list[Recorded]:
    """`execute` in a transaction of its own, decided again when another one was faster (at most `attempts`)."""
    return repeated(store, lambda tx: execute(tx, decider, stream, command), attempts)
