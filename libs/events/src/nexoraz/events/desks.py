"""Dead letters and failed tasks as lines for an operator's terminal: ids, kinds and reasons, no payload.

The chassis's command line (nexoraz.service.desks) drives these; the kernel does not know it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from uuid import UUID

import msgspec
from sqlalchemy import Engine

from nexoraz.events import dead_letters, dead_tasks
from nexoraz.events.schema import KernelTables

WITHHELD = "(not shown)"


@dataclass(frozen=True, slots=True)
class LetterDesk:
    """Parked messages. A redriven one is handled by the worker that holds its partition, in order, within seconds."""

    engine: Engine
    tables: KernelTables

    def list(self) -> Sequence[str]:
        with self.engine.connect() as connection:
            found = dead_letters.letters(connection, self.tables)
        rows = [[x.id, x.state, x.attempts, x.reason, x.type, x.key] for x in found]
        return table(["id", "state", "attempts", "reason", "type", "key"], rows)

    def show(self, id: int) -> Sequence[str] | None:
        """The letter's facts and its payload's fields; a field's value only where it is an id."""
        with self.engine.connect() as connection:
            found = dead_letters.inspect(connection, self.tables, id)
        if found is None:
            return None
        letter, headers, payload = found
        facts = {field.name: getattr(letter, field.name) for field in fields(letter)}
        facts |= {"time": headers.get("ce-time", ""), "payload bytes": len(payload)}
        return listing(facts | {f"payload {name}": value for name, value in shown(payload).items()})

    def redrive(self, id: int) -> bool:
        with self.engine.begin() as connection:
            return dead_letters.redrive(connection, self.tables, id)

    def discard(self, id: int) -> bool:
        with self.engine.begin() as connection:
            return dead_letters.discard(connection, self.tables, id)


@dataclass(frozen=True, slots=True)
class TaskDesk:
    """Failed tasks. A redriven one is claimed by any worker within a second."""

    engine: Engine
    tables: KernelTables

    def list(self) -> Sequence[str]:
        with self.engine.connect() as connection:
            found = dead_tasks.failed_tasks(connection, self.tables)
        rows = [[x.id, x.state, x.attempts, x.kind, x.key, x.reason] for x in found]
        return table(["id", "state", "attempts", "kind", "key", "reason"], rows)

    def show(self, id: int) -> Sequence[str] | None:
        with self.engine.connect() as connection:
            task = dead_tasks.failed_task(connection, self.tables, id)
        return None if task is None else listing({field.name: getattr(task, field.name) for field in fields(task)})

    def redrive(self, id: int) -> bool:
        with self.engine.begin() as connection:
            return dead_tasks.redrive(connection, self.tables, id)

    def discard(self, id: int) -> bool:
        with self.engine.begin() as connection:
            return dead_tasks.discard(connection, self.tables, id)


def desks(engine: Engine, tables: KernelTables) -> dict[str, LetterDesk | TaskDesk]:
    """Both, by the names that they have on the command line."""
    return {"letters": LetterDesk(engine, tables), "tasks": TaskDesk(engine, tables)}


def shown(payload: bytes) -> dict[str, object]:
    """The fields of a payload, each value withheld unless it is an id (a UUID)."""
    try:
        fields_of = msgspec.json.decode(payload, type=dict[str, object])
    except msgspec.DecodeError:
        return {}
    return {name: value if _is_id(value) else WITHHELD for name, value in fields_of.items()}


def _is_id(value: object) -> bool:
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False


def listing(facts: Mapping[str, object]) -> list[str]:
    width = max(len(name) for name in facts)
    return [f"{name:<{width}}  {value}" for name, value in facts.items()]


def table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Columns as wide as they need to be; nothing without rows."""
    if not rows:
        return []
    texts = [list(titles), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[n]) for row in texts) for n in range(len(titles))]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in texts]
