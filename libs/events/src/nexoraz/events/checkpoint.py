"""How far the relay has come, kept in the database from which it publishes."""

from dataclasses import dataclass
from typing import Any

import psycopg
import structlog

from nexoraz.events.append_function import APPEND_LOCK

Connection = psycopg.AsyncConnection[Any]
log = structlog.get_logger()

LAST_GIVEN = "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('events', 'position')::regclass), 0)"
SKIP_TO = f"SELECT setval(pg_get_serial_sequence('events', 'position'), greatest(%s::bigint, ({LAST_GIVEN})))"
SAVE = """
INSERT INTO relay_checkpoint (id, position, stream_sequence, stream_created) VALUES (1, %s, %s, %s)
ON CONFLICT (id) DO UPDATE SET position = excluded.position, stream_sequence = excluded.stream_sequence,
    stream_created = excluded.stream_created
"""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything public up to `position` is stored on the stream of that identity, up to `sequence`."""

    position: int
    sequence: int
    identity: str


async def saved_checkpoint(pg: Connection) -> Checkpoint:
    """The last one, or the beginning."""
    cursor = await pg.execute("SELECT position, stream_sequence, stream_created FROM relay_checkpoint WHERE id = 1")
    row = await cursor.fetchone()
    return Checkpoint(*row) if row else Checkpoint(0, 0, "")


async def save(pg: Connection, at: Checkpoint) -> None:
    await pg.execute(SAVE, (at.position, at.sequence, at.identity), prepare=True)


async def catch_up_positions(pg: Connection, known: int, service: str) -> None:
    """A store restored from a backup must not give out positions again that the bus has already seen."""
    # Not max(position): the newest rows may be gone because their account was erased.
    row = await (await pg.execute(LAST_GIVEN)).fetchone()
    given = row[0] if row else 0
    if known <= given:
        return
    log.error("the store is older than the bus", service=service, store=given, bus=known)
    async with pg.transaction():
        await pg.execute("SELECT pg_advisory_xact_lock(%s)", (APPEND_LOCK,))
        await pg.execute(SKIP_TO, (known,))
