"""Which worker handles which partitions: leases in the service's own database, by the database's clock.

The 64 partitions form 8 slots. A lease only spreads the work: effects are exactly once without it, because positions
move by compare-and-set (inbox.py). So a lease that expired too early costs a rolled-back batch, nothing else.
"""

from math import ceil

from sqlalchemy import Connection, Engine

from nexoraz.events.contracts import PARTITIONS

SLOTS = 8
PER_SLOT = PARTITIONS // SLOTS
BEAT_S = 2.0
EXPIRY_S = 8.0

ENSURE = """
INSERT INTO consumer_leases (slot, owner, expires_at) SELECT s, '', now() FROM generate_series(0, %s) AS s
ON CONFLICT DO NOTHING
"""
HERE = """
INSERT INTO consumer_workers (id, seen_at) VALUES (%s, now()) ON CONFLICT (id) DO UPDATE SET seen_at = now()
"""
GONE = "DELETE FROM consumer_workers WHERE seen_at < now() - make_interval(secs => %s)"
EXTEND = "UPDATE consumer_leases SET expires_at = now() + make_interval(secs => %s) WHERE owner = %s RETURNING slot"
RELEASE = "UPDATE consumer_leases SET owner = '', expires_at = now() WHERE owner = %s AND slot = ANY(%s)"
CLAIM = """
UPDATE consumer_leases SET owner = %s, expires_at = now() + make_interval(secs => %s) WHERE slot IN (
    SELECT slot FROM consumer_leases WHERE owner = '' OR expires_at < now()
    ORDER BY slot LIMIT %s FOR UPDATE SKIP LOCKED)
RETURNING slot
"""


class Leases:
    """One worker's share. `beat` every two seconds; a worker that stays silent for eight loses its slots."""

    def __init__(self, engine: Engine, worker_id: str, *, expiry_s: float = EXPIRY_S) -> None:
        self._engine = engine
        self._worker = worker_id
        self._expiry_s = expiry_s

    def prepare(self) -> None:
        """Make the slots exist. Idempotent."""
        with self._engine.begin() as connection:
            connection.exec_driver_sql(ENSURE, (SLOTS - 1,))

    def beat(self) -> frozenset[int]:
        """Say that we live, extend, give up what exceeds the fair share or take what is free; our partitions."""
        with self._engine.begin() as connection:
            connection.exec_driver_sql(HERE, (self._worker,))
            connection.exec_driver_sql(GONE, (self._expiry_s,))
            live = connection.exec_driver_sql("SELECT count(*) FROM consumer_workers").scalar_one()
            slots = self._extended(connection, ceil(SLOTS / live))
        return frozenset(slot * PER_SLOT + n for slot in slots for n in range(PER_SLOT))

    def release(self) -> None:
        """Leave at once, so that others take over without waiting for the expiry."""
        with self._engine.begin() as connection:
            connection.exec_driver_sql(RELEASE, (self._worker, list(range(SLOTS))))
            connection.exec_driver_sql("DELETE FROM consumer_workers WHERE id = %s", (self._worker,))

    def _extended(self, connection: Connection, share: int) -> list[int]:
        rows = connection.exec_driver_sql(EXTEND, (self._expiry_s, self._worker)).all()
        slots = sorted(row[0] for row in rows)
        if len(slots) > share:
            connection.exec_driver_sql(RELEASE, (self._worker, slots[share:]))
            return slots[:share]
        if len(slots) < share:
            taken = connection.exec_driver_sql(CLAIM, (self._worker, self._expiry_s, share - len(slots))).all()
            slots += [row[0] for row in taken]
        return slots
