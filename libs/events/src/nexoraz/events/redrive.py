"""Trying parked messages again, key by key, in order, with growing pauses."""

import random
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, Row

from nexoraz.events.dead_letters import DEAD, FIRST_DELAY_S, LONGEST_DELAY_S, MAX_ATTEMPTS, RETRYING
from nexoraz.events.inbox import OBSOLETE, Inbox, Incoming
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import EventStore
from nexoraz.events.transient import is_transient

KEY_LOCK = 7265003
log = structlog.get_logger()

DUE = """
SELECT producer, key FROM (
    SELECT DISTINCT ON (producer, key) producer, key, state, next_attempt_at FROM dead_letters
    WHERE producer = ANY(%s) AND partition = ANY(%s) ORDER BY producer, key, position, id) AS first
WHERE state = 'behind' OR (state = 'retrying' AND next_attempt_at <= now()) LIMIT 100
"""
FIRST = """
SELECT id, type, partition, key, position, headers, payload, attempts, state,
       state = 'behind' OR next_attempt_at <= now() AS due
FROM dead_letters WHERE producer = %s AND key = %s ORDER BY position, id LIMIT 1
"""
FAILED = """
UPDATE dead_letters SET attempts = attempts + 1, reason = %s,
    state = CASE WHEN attempts + 1 >= %s THEN 'dead' ELSE 'retrying' END,
    next_attempt_at = now() + make_interval(secs => %s)
WHERE id = %s AND attempts = %s RETURNING state
"""


class Redrive:
    """Redrives the letters of the partitions that this worker holds. Two workers never redrive one key at once."""

    def __init__(
        self,
        engine: Engine,
        store: EventStore,
        inboxes: Mapping[str, Inbox],
        *,
        max_attempts: int = MAX_ATTEMPTS,
        first_delay_s: float = FIRST_DELAY_S,
    ) -> None:
        self._engine = engine
        self._store = store
        self._inboxes = inboxes
        self._max_attempts = max_attempts
        self._first_delay_s = first_delay_s

    def run_once(self, partitions: Iterable[int]) -> int:
        """Try everything that is due; returns how many letters were handled or found obsolete."""
        with self._engine.connect() as connection:
            due = connection.exec_driver_sql(DUE, (list(self._inboxes), list(partitions))).all()
        return sum(self._drive(producer, key) for producer, key in due)

    def _drive(self, producer: str, key: str) -> int:
        """The letters of one key, in order, until one has to wait."""
        done = 0
        while self._first(producer, key):
            done += 1
        return done

    def _first(self, producer: str, key: str) -> bool:
        letter: Row[Any] | None = None
        try:
            with self._store.transaction() as tx:
                connection = connection_of(tx)
                letter = self._take(connection, producer, key)
                if letter is None:
                    return False
                self._inboxes[producer].process(tx, _incoming(letter))
                _delete(connection, letter.id)
            log.info("letter redriven", id=letter.headers.get("ce-id"), producer=producer)
        except OBSOLETE:
            assert letter is not None
            with self._engine.begin() as connection:
                _delete(connection, letter.id)
        except Exception as error:
            if letter is None or is_transient(error):
                raise
            self._failed(letter, producer, type(error).__name__)
            return False
        return True

    def _take(self, connection: Connection, producer: str, key: str) -> Row[Any] | None:
        lock = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, %s))"
        if not connection.exec_driver_sql(lock, (f"{producer}/{key}", KEY_LOCK)).scalar_one():
            return None
        letter = connection.exec_driver_sql(FIRST, (producer, key)).first()
        return None if letter is None or letter.state == DEAD or not letter.due else letter

    def _failed(self, letter: Row[Any], producer: str, reason: str) -> None:
        delay = min(self._first_delay_s * 2**letter.attempts, LONGEST_DELAY_S)
        delay *= random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries, no secret
        with self._engine.begin() as connection:
            values = (reason, self._max_attempts, delay, letter.id, letter.attempts)
            state = connection.exec_driver_sql(FAILED, values).scalar()
        report = log.error if state != RETRYING else log.warning
        report("letter failed again", id=letter.headers.get("ce-id"), producer=producer, error=reason, state=state)


def _delete(connection: Connection, letter_id: int) -> None:
    connection.exec_driver_sql("DELETE FROM dead_letters WHERE id = %s", (letter_id,))


def _incoming(letter: Row[Any]) -> Incoming:
    return Incoming("", 0, letter.position, letter.partition, letter.key, letter.headers, bytes(letter.payload))
