"""Appends of concurrent callers in one statement and one commit.

Who comes while a commit runs waits for its end; then one of those who wait, the leader, stores the rows of all of them.
A caller who is alone stores at once: nobody ever waits for company. Positions stay the commit order, since a
group is one append like any other.
"""

import threading
from collections import deque
from collections.abc import Sequence

import psycopg
from sqlalchemy import Engine

from nexoraz.events.append import PREPARED, AppendRow, Driver, KeptConnection, append_all, append_many, append_one

LARGEST = 512
"""Rows at which a group is full; bounds how long the lock of the appends is held."""


class Interrupted(psycopg.OperationalError):
    """The leader was interrupted, so whether the group was stored is unknown."""


class _Caller:
    """One append that waits. stored: None until it is decided. leads: it is to store the next group."""

    __slots__ = ("error", "leads", "rows", "stored", "woken")

    def __init__(self, rows: Sequence[AppendRow]) -> None:
        self.rows = rows
        self.stored: bool | None = None
        self.error: Exception | None = None
        self.leads = False
        self.woken = threading.Lock()
        self.woken.acquire()  # released once, by whoever decides about the rows or passes the lead on


class GroupCommit:
    """Stores the rows of each caller in full or not at all, whatever becomes of the others in its group."""

    def __init__(self, engine: Engine) -> None:
        self._connection = KeptConnection(engine, PREPARED)
        self._mutex = threading.Lock()
        self._queue: deque[_Caller] = deque()
        self._led = False

    def append(self, rows: Sequence[AppendRow]) -> bool:
        """Commit rows. False: nothing was stored, and the caller finds out why in a transaction of its own.

        Raises psycopg's or the pool's error when the database did not answer; as with every commit that got no answer,
        the rows may have been stored.
        """
        caller = _Caller(rows)
        with self._mutex:
            self._queue.append(caller)
            caller.leads = not self._led
            self._led = True
        if not caller.leads:
            self._wait(caller)
        if caller.leads:
            self._lead(caller)
        if caller.error is not None:
            raise caller.error
        return bool(caller.stored)

    def _wait(self, caller: _Caller) -> None:
        """Until the caller's rows are decided, or it leads. Who is interrupted here leaves the queue in order."""
        try:
            caller.woken.acquire()
        except BaseException:
            with self._mutex:
                if caller in self._queue:
                    self._queue.remove(caller)
            if caller.leads:
                self._hand_over()
            raise

    def _lead(self, leader: _Caller) -> None:
        with self._mutex:
            group = self._next_group()
        try:
            self._store(group)
        except BaseException as error:
            for caller in group:
                caller.error = error if isinstance(error, Exception) else Interrupted("the commit was interrupted")
            if not isinstance(error, Exception):
                raise
        finally:
            for caller in group:
                if caller is not leader:
                    caller.woken.release()
            self._hand_over()

    def _next_group(self) -> list[_Caller]:
        """The leader, who is first, and who fits in with it: each stream at most once, so that nobody's rows depend on
        whether another caller's are stored."""
        group: list[_Caller] = []
        streams: set[str] = set()
        size = 0
        while self._queue and (not group or size + len(self._queue[0].rows) <= LARGEST):
            own = {row[1] for row in self._queue[0].rows}
            if not streams.isdisjoint(own):
                break
            streams |= own
            size += len(self._queue[0].rows)
            group.append(self._queue.popleft())
        return group

    def _hand_over(self) -> None:
        with self._mutex:
            self._led = bool(self._queue)
            if self._queue:
                self._queue[0].leads = True
                self._queue[0].woken.release()

    def _store(self, group: list[_Caller]) -> None:
        rows = [row for caller in group for row in caller.rows]
        try:
            self._decide(self._connection.driver(), group, rows)
        except (psycopg.DataError, psycopg.IntegrityError):
            for caller in group:  # the server refused the statement for somebody's data; whose, each finds out alone
                caller.stored = False
        except BaseException:
            self._connection.drop()
            raise

    def _decide(self, driver: Driver, group: list[_Caller], rows: list[AppendRow]) -> None:
        if len(rows) == 1:
            group[0].stored = append_one(driver, rows[0])
            return
        if len(rows) == len(group):
            stored = append_many(driver, rows)
            for number, caller in enumerate(group, start=1):
                caller.stored = number in stored
            return
        done = append_all(driver, rows)
        for caller in group:
            caller.stored = done
