"""Connections for the questions of most requests: few, kept in autocommit, past the pool.

To take a connection from the pool, begin, and roll back costs a request more than its question. Here nothing is begun,
a question is one round trip, and what was prepared stays prepared.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import Engine

from nexoraz.events.append import Driver, KeptConnection

CONNECTIONS = 2
"""Per process, beside the engine's pool. A question takes some 100 µs, so two serve thousands a second."""
WAIT_S = 2.0
"""How long to wait for one of them."""


class Questions:
    """Safe for threads; connects when first asked. Each statement is a transaction of its own."""

    def __init__(self, engine: Engine) -> None:
        self._free = [KeptConnection(engine) for _ in range(CONNECTIONS)]
        self._turns = threading.BoundedSemaphore(CONNECTIONS)

    @contextmanager
    def connection(self) -> Iterator[Driver]:
        """A connection for a few SELECTs. Raises psycopg.OperationalError when none becomes free in time."""
        if not self._turns.acquire(timeout=WAIT_S):
            raise psycopg.OperationalError("no connection became free for a question")
        kept = self._free.pop()
        try:
            yield kept.driver()
        except psycopg.Error:
            kept.drop()  # in which state it is, nobody knows
            raise
        finally:
            self._free.append(kept)
            self._turns.release()
