"""How much waits for an operator's decision: dead letters and dead tasks, as the worker's readiness shows them.

It is information: what could not be done for one account takes no worker out of service for the others.
"""

import asyncio
import contextlib

import structlog
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from nexoraz.events import dead_letters
from nexoraz.events.schema import KernelTables

EVERY_S = 10.0
log = structlog.get_logger()


class Attention:
    """Counts in the background, so that asking never waits for the database. `counts` is empty until the first time."""

    def __init__(self, engine: Engine, tables: KernelTables, every_s: float = EVERY_S) -> None:
        self._engine = engine
        self._tables = tables
        self._every_s = every_s
        self.counts: dict[str, int] = {}

    def count(self) -> dict[str, int]:
        """Count now."""
        counted = {"dead_letters": self._tables.dead_letters, "dead_tasks": self._tables.tasks}
        with self._engine.connect() as connection:
            for name, table in counted.items():
                query = select(func.count()).where(table.c.state == dead_letters.DEAD)
                self.counts[name] = connection.execute(query).scalar_one()
        return self.counts

    async def run(self, stop: asyncio.Event) -> None:
        """Count every now and then until `stop`; while the database is away, the last counts stay."""
        while not stop.is_set():
            try:
                await asyncio.to_thread(self.count)
            except (DBAPIError, PoolTimeout) as error:
                log.warning("dead work is not counted", error=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._every_s):
                    await stop.wait()
