"""Messages that could not be handled: parked, tried again, and finally left to an operator.

A parked message holds back only the later messages of its own key (account), which park behind it, so that their
order holds. States: `retrying` (the first of its key, due at some time), `behind` (waits for it), `dead` (gave up: an
operator redrives or discards it). A letter keeps the message as it was on the bus, which carries no personal data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec
from sqlalchemy import Connection, delete, select, update
from sqlalchemy import func as sql

from nexoraz.events.schema import KernelTables

RETRYING = "retrying"
BEHIND = "behind"
DEAD = "dead"
MAX_ATTEMPTS = 10
FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 300.0

PARK = """
INSERT INTO dead_letters (event_id, producer, partition, key, type, position, headers, payload, reason, attempts, state,
                          next_attempt_at, parked_at)
VALUES (%s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s, %s, %s, now() + make_interval(secs => %s), now())
ON CONFLICT (event_id) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Parked:
    """What is kept of a message."""

    producer: str
    partition: int
    key: str
    position: int
    headers: dict[str, str]
    payload: bytes

    @property
    def event_id(self) -> UUID:
        """The message's id; for one without a usable id, an id made from its place."""
        try:
            return UUID(self.headers.get("ce-id", ""))
        except ValueError:
            return uuid5(NAMESPACE_OID, f"{self.producer}/{self.position}/{self.key}/{self.payload.hex()}")


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter as an operator sees it. reason: the kind of the last error, never its text."""

    id: int
    event_id: UUID
    producer: str
    key: str
    type: str
    position: int
    reason: str
    attempts: int
    state: str


def park(connection: Connection, parked: Parked, state: str, reason: str) -> None:
    """Keep a message, in the transaction that moves past it. Idempotent by event id."""
    attempts = 1 if state == RETRYING else 0
    connection.exec_driver_sql(
        PARK,
        (
            parked.event_id, parked.producer, parked.partition, parked.key, parked.headers.get("ce-type", ""),
            parked.position, msgspec.json.encode(parked.headers).decode(), parked.payload, reason, attempts, state,
            FIRST_DELAY_S,
        ),
    )  # fmt: skip


def letters(connection: Connection, tables: KernelTables, state: str | None = None) -> list[Letter]:
    """All letters, or those of a state, oldest first."""
    t = tables.dead_letters
    query = select(*_columns(tables)).order_by(t.c.id)
    rows = connection.execute(query if state is None else query.where(t.c.state == state))
    return [Letter(*row) for row in rows]


def inspect(
    connection: Connection, tables: KernelTables, letter_id: int
) -> tuple[Letter, dict[str, str], bytes] | None:
    """One letter with the headers and payload that it carries; None when it is gone."""
    t = tables.dead_letters
    row = connection.execute(select(*_columns(tables), t.c.headers, t.c.payload).where(t.c.id == letter_id)).first()
    return None if row is None else (Letter(*row[:-2]), dict(row[-2]), bytes(row[-1]))


def redrive(connection: Connection, tables: KernelTables, letter_id: int) -> bool:
    """Try a letter again now, with all its attempts; the worker that holds its partition does it, in order."""
    t = tables.dead_letters
    again = update(t).where(t.c.id == letter_id, t.c.state != BEHIND)
    return connection.execute(again.values(state=RETRYING, attempts=0, next_attempt_at=sql.now())).rowcount == 1


def discard(connection: Connection, tables: KernelTables, letter_id: int) -> bool:
    """Give a letter up for good; what waited behind it goes on. The caller records who decided it and why."""
    t = tables.dead_letters
    return connection.execute(delete(t).where(t.c.id == letter_id)).rowcount == 1


def _columns(tables: KernelTables) -> Sequence[Any]:
    c = tables.dead_letters.c
    return [c.id, c.event_id, c.producer, c.key, c.type, c.position, c.reason, c.attempts, c.state]
