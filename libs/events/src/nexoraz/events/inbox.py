"""From messages to committed effects, exactly once: the part of a consumer that runs in a thread.

A position is kept per producer and partition, in the consumer's own database, and moves in the transaction of the
effects by compare-and-set. So whoever holds a lease, whatever the bus repeats, an effect is committed once; and a
database that is restored goes back to its old positions and handles again what it missed. Positions are the producer's.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

import msgspec
import structlog
from opentelemetry import metrics, trace
from psycopg.errors import QueryCanceled
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from nexoraz.events.contracts import Foreign, Received
from nexoraz.events.dead_letters import BEHIND, DEAD, RETRYING, Parked, park
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import AccountErased, EventStore, Transaction, VersionConflict
from nexoraz.events.tracing import continued
from nexoraz.events.transient import is_transient

Handler = Callable[[Transaction, Received], None]
Many = Callable[[Transaction, Sequence[Received]], None]
OBSOLETE = (AccountErased, KeyDestroyed)
ATTEMPTS_ALONE = 5
log = structlog.get_logger()
tracer = trace.get_tracer("nexoraz.events")
_meter = metrics.get_meter("nexoraz.events")
HANDLED = _meter.create_counter("nexoraz.consumer.handled", description="messages whose effects were committed")
OBSOLETE_COUNT = _meter.create_counter("nexoraz.consumer.obsolete", description="messages of erased accounts")
PARKED = _meter.create_counter("nexoraz.consumer.parked", description="messages that became dead letters")

ADVANCE = """
WITH moved AS (
    UPDATE consumer_positions p SET position = b.after, stream_sequence = b.sequence, stream_created = %s
    FROM unnest(%s::int[], %s::bigint[], %s::bigint[], %s::bigint[]) AS b(partition, before, after, sequence)
    WHERE p.producer = %s AND p.partition = b.partition AND p.position = b.before
    RETURNING 1)
SELECT (SELECT count(*) FROM moved),
       ARRAY(SELECT DISTINCT d.key FROM dead_letters d WHERE d.producer = %s AND d.key = ANY(%s))
"""
ENSURE = """
INSERT INTO consumer_positions (producer, partition, position, stream_sequence, stream_created)
SELECT %s, p, 0, 0, '' FROM unnest(%s::int[]) AS p ON CONFLICT DO NOTHING
"""
LOAD = """
SELECT partition, position, stream_sequence, stream_created FROM consumer_positions
WHERE producer = %s AND partition = ANY(%s)
"""
SEEN = """
UPDATE consumer_positions p SET stream_sequence = %s, stream_created = %s
FROM unnest(%s::int[], %s::bigint[]) AS b(partition, position)
WHERE p.producer = %s AND p.partition = b.partition AND p.position = b.position
"""


class PositionMoved(Exception):
    """Another replica handled these messages first. Nothing of ours was committed; read the positions again."""


class Incoming(msgspec.Struct, frozen=True):
    """A message as it came from the stream."""

    subject: str
    sequence: int
    position: int
    partition: int
    key: str
    headers: dict[str, str]
    payload: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """How far one partition of a producer has been handled: its position, and where that was on which stream."""

    position: int
    sequence: int
    identity: str


@dataclass(frozen=True, slots=True)
class Together:
    """A handler for messages that may be handled many at a time, such as the rows of a read model in one statement.

    It gets what lies together in the stream, in order, in one transaction; when that fails, each message alone. Use it
    where no message has to see another's effect, and where a span for each message is not worth its time.
    """

    many: Many

    def __call__(self, tx: Transaction, received: Received) -> None:
        self.many(tx, [received])


class _Known:
    """A handled type: how to read it and what to do."""

    def __init__(self, view: type[Foreign], handler: Handler) -> None:
        self.decode = msgspec.json.Decoder(view).decode
        self.handler = handler
        self.many = handler.many if isinstance(handler, Together) else None
        self.span = f"consume {view.source.split('.')[-2]}"


class Inbox:
    """Handles one producer's messages. Not thread-safe: one consumer calls it, one call at a time."""

    def __init__(
        self, producer: str, engine: Engine, store: EventStore, handlers: Mapping[type[Foreign], Handler]
    ) -> None:
        self.producer = producer
        self.types = sorted(view.source for view in handlers)
        self._engine = engine
        self._store = store
        self._known = {view.source: _Known(view, handler) for view, handler in handlers.items()}
        self._marks: dict[int, Mark] = {}

    def load(self, partitions: Iterable[int]) -> dict[int, Mark]:
        """Read the positions of the partitions that are ours now."""
        ours = sorted(partitions)
        with self._engine.begin() as connection:
            connection.exec_driver_sql(ENSURE, (self.producer, ours))
            rows = connection.exec_driver_sql(LOAD, (self.producer, ours)).all()
        self._marks = {row[0]: Mark(row[1], row[2], row[3]) for row in rows}
        return self._marks

    def handle(self, messages: Sequence[Incoming], identity: str) -> int:
        """Commit the effects of what is new among the messages, in order; returns how many were new.

        One transaction for all; when a handler fails, one each, and what fails is parked. Raises PositionMoved, or a
        transient database error, with nothing of the failed transaction committed.
        """
        self._set_aside([m for m in messages if m.position <= 0])
        fresh = [m for m in messages if m.partition in self._marks and m.position > self._marks[m.partition].position]
        if not fresh:
            return 0
        try:
            self._commit(fresh, identity)
        except Exception as error:  # sorted out here: moved and transient are raised, the rest is tried one by one
            if isinstance(error, PositionMoved) or is_transient(error):
                raise
            for message in fresh:
                self._alone(message, identity)
        return len(fresh)

    def seen(self, sequence: int, identity: str) -> None:
        """Remember that nothing for our partitions is left up to `sequence`, so that a restart begins there."""
        behind = {p: m for p, m in self._marks.items() if m.sequence < sequence or m.identity != identity}
        if not behind:
            return
        positions = [m.position for m in behind.values()]
        with self._engine.begin() as connection:
            connection.exec_driver_sql(SEEN, (sequence, identity, list(behind), positions, self.producer))
        self._marks |= {p: Mark(m.position, sequence, identity) for p, m in behind.items()}

    def process(self, tx: Transaction, message: Incoming) -> None:
        """Run the handler of one message in a transaction, as a span of the trace that caused it."""
        known = self._known[message.headers["ce-type"]]
        received = received_of(message, self.producer, known.decode(message.payload))
        if not received.traceparent:
            known.handler(tx, received)
            return
        with continued(tracer, received.traceparent, known.span, trace.SpanKind.CONSUMER):
            known.handler(tx, received)

    def _set_aside(self, unplaced: Sequence[Incoming]) -> None:
        """Messages without a position have no place in any order: an operator has to look at them."""
        for message in unplaced:
            log.error("message without a position", producer=self.producer, sequence=message.sequence)
            with self._engine.begin() as connection:
                park(connection, self._parked(message), DEAD, "no position")

    def _commit(self, messages: Sequence[Incoming], identity: str) -> None:
        with self._store.transaction() as tx:
            marks, waiting = self._advance(tx, messages, identity)
            for message in (m for m in messages if m.key in waiting):
                park(connection_of(tx), self._parked(message), BEHIND, "waits for an earlier message")
            self._process_all(tx, [m for m in messages if m.key not in waiting] if waiting else messages)
        self._marks |= marks
        HANDLED.add(len(messages), {"producer": self.producer})

    def _process_all(self, tx: Transaction, messages: Sequence[Incoming]) -> None:
        for type_, run in groupby(messages, key=lambda m: m.headers["ce-type"]):
            known = self._known[type_]
            if known.many is None:
                for message in run:
                    self.process(tx, message)
            else:
                known.many(tx, [received_of(m, self.producer, known.decode(m.payload)) for m in run])

    def _alone(self, message: Incoming, identity: str) -> None:
        try:
            self._insist(message, identity)
        except OBSOLETE:
            log.info("message of an erased account passed", id=message.headers.get("ce-id"), producer=self.producer)
            OBSOLETE_COUNT.add(1, {"producer": self.producer})
            self._instead(message, identity, None)
        except Exception as error:
            if isinstance(error, PositionMoved) or (is_transient(error) and not _stuck(error)):
                raise
            reason = type(error).__name__
            log.error("message parked", id=message.headers.get("ce-id"), producer=self.producer, error=reason)
            PARKED.add(1, {"producer": self.producer})
            self._instead(message, identity, reason)

    def _insist(self, message: Incoming, identity: str) -> None:
        for attempt in range(1, ATTEMPTS_ALONE + 1):
            try:
                return self._commit([message], identity)
            except (VersionConflict, DBAPIError, QueryCanceled) as error:
                ours = isinstance(error, VersionConflict) or _stuck(error)
                if not ours or attempt == ATTEMPTS_ALONE:
                    raise
        return None

    def _instead(self, message: Incoming, identity: str, reason: str | None) -> None:
        """Move past a message without its effects; with a reason it is parked."""
        with self._store.transaction() as tx:
            marks, waiting = self._advance(tx, [message], identity)
            if reason is not None:
                state = BEHIND if message.key in waiting else RETRYING
                park(connection_of(tx), self._parked(message), state, reason)
        self._marks |= marks

    def _advance(
        self, tx: Transaction, messages: Sequence[Incoming], identity: str
    ) -> tuple[dict[int, Mark], set[str]]:
        marks = {m.partition: Mark(m.position, m.sequence, identity) for m in messages}
        before = [self._marks[p].position for p in marks]
        after, sequences = [m.position for m in marks.values()], [m.sequence for m in marks.values()]
        keys = list({m.key for m in messages})
        parameters = (identity, list(marks), before, after, sequences, self.producer, self.producer, keys)
        moved, waiting = connection_of(tx).exec_driver_sql(ADVANCE, parameters).one()
        if moved != len(marks):
            raise PositionMoved(self.producer)
        return marks, set(waiting)

    def _parked(self, message: Incoming) -> Parked:
        return Parked(self.producer, message.partition, message.key, message.position, message.headers, message.payload)


def _stuck(error: BaseException) -> bool:
    """A statement that ran into its time limit: after some attempts that is the message's doing."""
    return isinstance(error, QueryCanceled) or isinstance(getattr(error, "orig", None), QueryCanceled)


def received_of(message: Incoming, producer: str, data: Any) -> Received:
    headers = message.headers
    return Received(
        id=UUID(headers["ce-id"]),
        type=headers["ce-type"],
        producer=producer,
        position=message.position,
        partition=message.partition,
        key=message.key,
        time=headers.get("ce-time", ""),
        data=data,
        traceparent=headers.get("traceparent", ""),
    )
