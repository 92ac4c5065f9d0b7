"""Attempts, counted in PostgreSQL in a transaction of their own: a refused request counts too."""

import math

from sqlalchemy import DateTime, Engine, Integer, MetaData, Table, Text, case, delete
from sqlalchemy.dialects.postgresql import insert

from nexoraz.events.columns import operational, pseudonym
from nexoraz.identity.application.ports import Clock, KeyedHash, Rule


def throttles_table(metadata: MetaData) -> Table:
    return Table(
        "throttles",
        metadata,
        pseudonym("subject_hash", Text, primary_key=True),
        operational("attempts", Integer, nullable=False),
        operational("ends_at", DateTime(timezone=True), nullable=False, index=True),
    )


class SqlThrottle:
    """See ports.Throttle. One statement per attempt; concurrent attempts wait for each other's row and all count.

    factor: multiplies what every rule allows.
    """

    def __init__(self, engine: Engine, table: Table, hashes: KeyedHash, now: Clock, factor: int = 1) -> None:
        self._factor = factor
        self._engine = engine
        self._table = table
        self._hashes = hashes
        self._now = now

    def count(self, rule: Rule, subject: str) -> int:
        t, now = self._table, self._now()
        row = insert(t).values(subject_hash=self._hash(rule, subject), attempts=1, ends_at=now + rule.window)
        over = t.c.ends_at <= now
        counted = row.on_conflict_do_update(
            index_elements=[t.c.subject_hash],
            set_={
                "attempts": case((over, 1), else_=t.c.attempts + 1),
                "ends_at": case((over, row.excluded.ends_at), else_=t.c.ends_at),
            },
        ).returning(t.c.attempts, t.c.ends_at)
        with self._engine.begin() as connection:
            attempts, ends_at = connection.execute(counted).one()
        return 0 if attempts <= rule.attempts * self._factor else max(1, math.ceil((ends_at - now).total_seconds()))

    def clear(self, rule: Rule, subject: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(delete(self._table).where(self._table.c.subject_hash == self._hash(rule, subject)))

    def _hash(self, rule: Rule, subject: str) -> str:
        return self._hashes.keyed_hash("throttle", f"{rule.name}|{subject}")
