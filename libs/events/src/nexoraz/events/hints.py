"""Waking the relay of another process after a commit.

`NOTIFY` inside the appending transaction halves its throughput, because it serialises commits (TARGETS.md). So the hint
is sent after the commit, by a thread of its own that folds a burst into one; the relay's polling is the fallback.
"""

import threading

from sqlalchemy import Engine

CHANNEL = "nexoraz_relay"


class RelayHint:
    """Call it after a commit; returns at once. Losing a hint costs latency only, never an event."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._due = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="relay-hint", daemon=True)
        self._thread.start()

    def __call__(self) -> None:
        self._due.set()

    def close(self) -> None:
        """Stop the thread after at most one more hint."""
        self._closed = True
        self._due.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        with connection:
            while not self._closed:
                self._due.wait()
                self._due.clear()
                connection.exec_driver_sql(f"NOTIFY {CHANNEL}")
