"""Brings the units of a suite up, keeps them up, and takes them down in order."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from nexoraz.local.console import Console
from nexoraz.local.errors import NotReady, ProcessDied, StepFailed
from nexoraz.local.leftovers import Records
from nexoraz.local.processes import Launch, Running
from nexoraz.local.units import Keep, Step, Task, Unit, bring_up

READY_SECONDS = 90.0
TASK_SECONDS = 300.0
STEADY_SECONDS = 30.0
"""A process that ran this long before it died is started again at once."""
LOOK_EVERY_SECONDS = 0.2


@dataclass
class Supervisor:
    """Runs in the main thread for as long as the suite does: the kernel ends our children when that thread ends."""

    units: Sequence[Unit]
    records: Records
    console: Console
    pauses: tuple[float, ...] = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
    _running: dict[str, Running] = field(default_factory=dict)
    _keepers: list["asyncio.Task[None]"] = field(default_factory=list)

    async def run(self, when_ready: str) -> None:
        """Start everything, print `when_ready`, and return after a stop signal when everything is down. Raises what
        kept a unit from coming up; everything is down then too."""
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(max_workers=4 + len(self.units)))
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, stop.set)
        try:
            if await finished_before(stop, bring_up(self.units, self._up)):
                self.console.ready(when_ready)
                await stop.wait()
        finally:
            await self._down()

    async def _up(self, unit: Unit) -> None:
        began = time.monotonic()
        match unit:
            case Keep():
                await self._start(unit)
                await self._answers(unit)
                self._keepers.append(asyncio.create_task(self._keep(unit)))
            case Step():
                await asyncio.to_thread(unit.action)
            case Task():
                await self._complete(unit)
        self.console.up(unit.title, time.monotonic() - began)

    async def _start(self, unit: Keep) -> None:
        await asyncio.to_thread(unit.part.prepare)
        self._spawn(unit.part.launch())

    def _spawn(self, launch: Launch) -> Running:
        running = Running(launch)
        self._running[launch.name] = running
        self.records.write(launch.name, running.pid)
        return running

    async def _answers(self, unit: Keep) -> None:
        """Return when the part answers. Raises ProcessDied or NotReady."""
        running, reason = self._running[unit.name], "it was never asked"
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if not running.alive():
                raise ProcessDied(unit.title, running.process.returncode, running.last_words())
            try:
                return await asyncio.to_thread(unit.part.ping)
            except Exception as error:
                # Anything may come out of a part that is only half up; the last reason is reported.
                reason = str(error).strip() or type(error).__name__
                await asyncio.sleep(0.1)
        raise NotReady(unit.title, READY_SECONDS, reason)

    async def _complete(self, unit: Task) -> None:
        running = self._spawn(unit.launch)
        status = await asyncio.to_thread(running.ended_within, TASK_SECONDS)
        await asyncio.to_thread(self._stop, unit.name)
        if status != 0:
            raise StepFailed(unit.title, running.last_words())

    async def _keep(self, unit: Keep) -> None:
        """Start the unit again whenever it dies, with growing pauses where it dies young."""
        deaths = 0
        while True:
            running = self._running[unit.name]
            while running.alive():  # noqa: ASYNC110  the kernel tells of a death only whoever asks
                await asyncio.sleep(LOOK_EVERY_SECONDS)
            deaths = 0 if time.monotonic() - running.started_at > STEADY_SECONDS else deaths + 1
            self.console.note(f"{unit.title} {how_it_ended(running.process.returncode)}; starting it again")
            await asyncio.to_thread(running.stop)
            await asyncio.sleep(self.pauses[min(deaths, len(self.pauses) - 1)])
            try:
                await self._start(unit)
            except Exception as error:
                # What cannot be prepared now (a full disk, say) is tried again after the next, longer pause.
                self.console.note(f"{unit.title} could not be started: {error}")

    async def _down(self) -> None:
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        if self._running:
            self.console.note("Stopping; the data stays")
        orders = {unit.name: unit.stop_order for unit in self.units if isinstance(unit, Keep)}
        for order in sorted({orders.get(name, 0) for name in self._running}):
            names = [name for name in self._running if orders.get(name, 0) == order]
            await asyncio.gather(*(asyncio.to_thread(self._stop, name) for name in names))

    def _stop(self, name: str) -> None:
        self._running[name].stop()
        self.records.forget(name)


async def finished_before(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Do the work unless `stop` comes first; returns whether it was done, raises what it raised."""
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        working.result()
        return True
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working
    return False


def how_it_ended(status: int) -> str:
    """`returncode` of a Popen in words."""
    return f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
