"""Waking the relay of another process after a commit.

`NOTIFY` inside the appending transaction halves its throughput, because it serialises commits (TARGETS.md). So the hint
is sent after the commit, by a thread of its own that folds a burst into one; the relay's polling is the fallback.
"""

import threading

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from nexoraz.events.append import KeptConnection

CHANNEL = "nexoraz_relay"
PAUSE_S = 1.0
"""After a failed hint; until then the relay's polling serves."""


class RelayHint:
    """Call it after a commit; returns at once. Losing a hint costs latency only, never an event.

    The thread starts with the first hint, so that making one before a fork is harmless.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._due = threading.Event()
        self._closed = threading.Event()
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None

    def __call__(self) -> None:
        self._due.set()
        if self._thread is None:
            with self._start:
                self._thread = self._thread or self._started()

    def close(self) -> None:
        """Stop the thread after at most one more hint."""
        self._closed.set()
        self._due.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _started(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, name="relay-hint", daemon=True)
        thread.start()
        return thread

    def _run(self) -> None:
        kept = KeptConnection(self._engine)
        while not self._closed.is_set():
            self._due.wait()
            self._due.clear()
            try:
                kept.driver().execute(f"NOTIFY {CHANNEL}".encode())
            except (psycopg.Error, SQLAlchemyError):
                kept.drop()
                self._closed.wait(PAUSE_S)
        kept.drop()
