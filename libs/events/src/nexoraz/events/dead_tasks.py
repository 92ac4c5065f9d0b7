"""Tasks that failed, for operators: those that were given up (`dead`), and those that are due again after a failure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, or_, select, update
from sqlalchemy import func as sql

from nexoraz.events.schema import KernelTables

DEAD = "dead"
DUE = "due"


@dataclass(frozen=True, slots=True)
class FailedTask:
    """A task as an operator sees it. key, account_id: pseudonyms. reason: the kind of the last error, or why it was
    given up; never a value. Its payload is not shown."""

    id: int
    kind: str
    key: str
    account_id: str
    state: str
    attempts: int
    reason: str
    run_at: datetime


def failed_tasks(connection: Connection, tables: KernelTables) -> list[FailedTask]:
    """The dead ones, and those that wait for their next attempt after a failure; oldest first."""
    t = tables.tasks
    failed = or_(t.c.state == DEAD, (t.c.state == DUE) & (t.c.reason != ""))
    return [FailedTask(*row) for row in connection.execute(_query(tables).where(failed).order_by(t.c.id))]


def failed_task(connection: Connection, tables: KernelTables, task_id: int) -> FailedTask | None:
    """One task in any state; None when it is done or gone."""
    row = connection.execute(_query(tables).where(tables.tasks.c.id == task_id)).first()
    return None if row is None else FailedTask(*row)


def redrive(connection: Connection, tables: KernelTables, task_id: int) -> bool:
    """Have a dead or waiting task run now, with all its attempts. False when it runs already, or is gone."""
    t = tables.tasks
    again = update(t).where(t.c.id == task_id, t.c.state.in_((DEAD, DUE)))
    return connection.execute(again.values(state=DUE, attempts=0, run_at=sql.now())).rowcount == 1


def discard(connection: Connection, tables: KernelTables, task_id: int) -> bool:
    """Remove a dead task: what it should have done will not happen. False for any other task."""
    t = tables.tasks
    return connection.execute(delete(t).where(t.c.id == task_id, t.c.state == DEAD)).rowcount == 1


def _query(tables: KernelTables) -> Select[Any]:
    c = tables.tasks.c
    columns: list[Any] = [c.id, c.kind, c.key, c.account_id, c.state, c.attempts, c.reason, c.run_at]
    return select(*columns)
