"""Durable tasks: what a service does outside of its database, at least once, after the fact that asks for it committed.

A task is enqueued in the transaction of that fact. It runs in a thread, outside any transaction, under a lease that a
heartbeat extends; a worker that is killed loses the lease and another one runs the task again. `complete` inside the
handler's own transaction makes the effect and the completion one commit.
"""

import random
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Engine

from nexoraz.events.schema import KernelTables
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.events.tracing import current_traceparent

LEASE_S = 12.0
MAX_ATTEMPTS = 12
FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 300.0
TRACE = "~traceparent"
"""Where the payload carries the trace on; handlers do not see it."""

ENQUEUE = """
INSERT INTO tasks (kind, key, account_id, payload, run_at)
VALUES (%s, %s, %s, %s::jsonb, now() + make_interval(secs => %s))
ON CONFLICT (kind, key) DO NOTHING
"""
CLAIM = """
UPDATE tasks SET state = 'running', owner = %s, attempts = attempts + 1, lease_until = now() + make_interval(secs => %s)
WHERE id IN (
    SELECT t.id FROM unnest(%s::text[], %s::int[]) AS k(kind, free), LATERAL (
        SELECT id FROM tasks t WHERE t.kind = k.kind AND (
            (t.state = 'due' AND t.run_at <= now()) OR (t.state = 'running' AND t.lease_until < now()))
        ORDER BY t.run_at LIMIT k.free FOR UPDATE SKIP LOCKED) AS t)
RETURNING id, kind, key, account_id, payload, attempts,
    account_id <> '' AND EXISTS (SELECT 1 FROM erased_accounts e WHERE e.account_id = tasks.account_id) AS erased
"""
OURS = "WHERE id = %s AND owner = %s AND attempts = %s AND state = 'running'"
EXTEND = (
    "UPDATE tasks SET lease_until = now() + make_interval(secs => %s) WHERE owner = %s AND state = 'running'"
    " AND id = ANY(%s) RETURNING id"
)
DONE = f"DELETE FROM tasks {OURS}"  # noqa: S608 - a constant condition
AGAIN = f"""
UPDATE tasks SET state = 'due', owner = '', lease_until = NULL, run_at = now() + make_interval(secs => %s), reason = %s
{OURS}
"""  # noqa: S608 - a constant condition
LATER = f"""
UPDATE tasks SET state = 'due', owner = '', lease_until = NULL, attempts = attempts - 1, reason = %s,
    run_at = now() + make_interval(secs => %s)
{OURS}
"""  # noqa: S608 - a constant condition
BURY = f"UPDATE tasks SET state = 'dead', owner = '', lease_until = NULL, reason = %s {OURS}"  # noqa: S608 - as above


class Task(msgspec.Struct, frozen=True):
    """One run of a task. attempts: counts from 1. payload: pseudonymous ids and facts only."""

    id: int
    kind: str
    key: str
    account_id: str
    payload: dict[str, Any]
    attempts: int
    traceparent: str = ""


TaskHandler = Callable[[Task], None]


class GiveUp(Exception):
    """Trying again would not help: the task becomes `dead` and waits for an operator. The reason is stored, so it may
    hold no personal data."""


class Postpone(Exception):
    """Something that the task needs is away: it runs again after `delay_s` seconds, and the attempt does not count, so
    that an outage of a day kills no task. The reason is stored, so it may hold no personal data."""

    def __init__(self, reason: str, delay_s: float) -> None:
        super().__init__(reason)
        self.reason = reason
        self.delay_s = delay_s


class TaskLost(Exception):
    """The lease ran out and the task is another worker's, or was withdrawn. Roll back."""


class TaskQueue:
    """The queue of one service, in its own database. In a worker, one queue object is shared with the runner."""

    def __init__(self, tables: KernelTables) -> None:
        self.tables = tables
        self.owner = ""
        self.wake: Callable[[], None] = lambda: None

    def enqueue(
        self,
        tx: Transaction,
        kind: str,
        key: str,
        payload: Mapping[str, Any],
        account_id: str = "",
        delay_s: float = 0.0,
    ) -> None:
        """Ask for a task when `tx` commits. Idempotent: a task of that kind and key that is not done stays as it is."""
        traceparent = current_traceparent()
        body = {**payload, TRACE: traceparent} if traceparent else payload
        parameters = (kind, key, account_id, msgspec.json.encode(body).decode(), delay_s)
        connection_of(tx).exec_driver_sql(ENQUEUE, parameters)
        tx.after_commit(self.wake)

    def complete(self, tx: Transaction, task: Task) -> None:
        """Count the task as done when `tx` commits. Raises TaskLost."""
        ours = (task.id, self.owner, task.attempts)
        if connection_of(tx).exec_driver_sql(DONE, ours).rowcount != 1:
            raise TaskLost(f"{task.kind} {task.key}")


class TaskTable:
    """What the runner does with the rows."""

    def __init__(self, engine: Engine, owner: str, lease_s: float, survives_erasure: frozenset[str]) -> None:
        self._engine = engine
        self._owner = owner
        self._lease_s = lease_s
        self._survives = survives_erasure

    def claim(self, free: Mapping[str, int]) -> list[Task]:
        """Lease tasks that are due, at most `free` of each kind. Tasks of erased accounts are removed instead."""
        kinds, counts = list(free), list(free.values())
        with self._engine.begin() as connection:
            rows = connection.exec_driver_sql(CLAIM, (self._owner, self._lease_s, kinds, counts)).all()
            obsolete = [row.id for row in rows if row.erased and row.kind not in self._survives]
            if obsolete:
                connection.exec_driver_sql("DELETE FROM tasks WHERE id = ANY(%s)", (obsolete,))
        gone = set(obsolete)
        return [_task(row) for row in rows if row.id not in gone]

    def extend(self, running: list[int]) -> None:
        """Keep the leases of what is running."""
        with self._engine.begin() as connection:
            connection.exec_driver_sql(EXTEND, (self._lease_s, self._owner, running))

    def done(self, task: Task) -> None:
        self._write(DONE, task)

    def again(self, task: Task, reason: str, delay_s: float) -> None:
        self._write(AGAIN, task, delay_s, reason)

    def later(self, task: Task, reason: str, delay_s: float) -> None:
        """Like `again`, as if this attempt had not been."""
        self._write(LATER, task, reason, delay_s)

    def bury(self, task: Task, reason: str) -> None:
        self._write(BURY, task, reason)

    def _write(self, statement: str, task: Task, *values: object) -> None:
        with self._engine.begin() as connection:
            connection.exec_driver_sql(statement, (*values, task.id, self._owner, task.attempts))


def delay_of(attempts: int) -> float:
    """Seconds until the next attempt: doubling, bounded, spread."""
    return min(FIRST_DELAY_S * 2.0 ** (attempts - 1), LONGEST_DELAY_S) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret


def _task(row: Any) -> Task:
    payload = dict(row.payload)
    trace = payload.pop(TRACE, "")
    return Task(row.id, row.kind, row.key, row.account_id, payload, row.attempts, trace)


class MemoryTaskQueue:
    """The queue for component tests: same promises on enqueueing; `run` hands what waits to a handler."""

    def __init__(self) -> None:
        self.waiting: list[Task] = []

    def enqueue(
        self,
        tx: Transaction,
        kind: str,
        key: str,
        payload: Mapping[str, Any],
        account_id: str = "",
        delay_s: float = 0.0,  # noqa: ARG002 - memory has no clock: every task is due
    ) -> None:
        """Ask for a task when `tx` commits."""
        body = msgspec.json.decode(msgspec.json.encode(payload))
        tx.after_commit(lambda: self._add(Task(len(self.waiting) + 1, kind, key, account_id, body, 1)))

    def complete(self, tx: Transaction, task: Task) -> None:
        """Count the task as done when `tx` commits. Raises TaskLost."""
        if task not in self.waiting:
            raise TaskLost(f"{task.kind} {task.key}")
        tx.after_commit(lambda: self.waiting.remove(task))

    def run(self, handlers: Mapping[str, TaskHandler]) -> None:
        """Run everything that waits, and what that enqueues, once."""
        while self.waiting:
            task = self.waiting[0]
            handlers[task.kind](task)
            if task in self.waiting:
                self.waiting.remove(task)

    def _add(self, task: Task) -> None:
        if all((w.kind, w.key) != (task.kind, task.key) for w in self.waiting):
            self.waiting.append(task)
