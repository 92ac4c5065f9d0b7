"""What a suite is made of: units that need one another, brought up as early as each can be."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from nexoraz.local.processes import Launch, Part


@dataclass(frozen=True, slots=True)
class Keep:
    """A part or process that runs until the end and is started again when it dies."""

    part: Part
    title: str
    needs: tuple[str, ...] = ()
    stop_order: int = 0

    @property
    def name(self) -> str:
        return self.part.name


@dataclass(frozen=True, slots=True)
class Step:
    """Something done once per start, idempotent: roles, databases, buckets."""

    name: str
    title: str
    action: Callable[[], None] = field(repr=False)
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """A command that runs to its end once per start: migrations."""

    launch: Launch
    title: str
    needs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.launch.name


Unit = Keep | Step | Task


class UnknownNeed(ValueError):
    def __init__(self, name: str, missing: Iterable[str]) -> None:
        super().__init__(f"{name} needs what is not there: {', '.join(sorted(missing))}")


async def bring_up(units: Iterable[Unit], up: Callable[[Unit], Awaitable[None]]) -> None:
    """Call `up` for every unit as soon as what it needs is up. The first failure cancels the rest and is raised."""
    by_name = {unit.name: unit for unit in units}
    ready = {name: asyncio.Event() for name in by_name}
    for unit in by_name.values():
        if missing := set(unit.needs) - set(by_name):
            raise UnknownNeed(unit.name, missing)

    async def one(unit: Unit) -> None:
        for need in unit.needs:
            await ready[need].wait()
        await up(unit)
        ready[unit.name].set()

    try:
        async with asyncio.TaskGroup() as group:
            for unit in by_name.values():
                group.create_task(one(unit))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
