"""The part of a worker that looks whether a backup was brought back, and lets the rest begin when that is settled."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import structlog

from nexoraz.events.participation import ERASE
from nexoraz.events.restoration import Restoration
from nexoraz.events.task_runner import TaskRunner
from nexoraz.events.worker_parts import Job

T = TypeVar("T")
AGAIN_S = 0.5
LOOK_EVERY_S = 2.0
log = structlog.get_logger()


class CatchingUp(Exception):
    """A backup was brought back, and what it missed is not erased again yet."""


class RestoredMeanwhile(Exception):
    """The databases were changed for others under a running worker: it has to begin anew."""


class ActiveRelay(Protocol):
    @property
    def active(self) -> bool: ...


class Insist(Protocol):
    def __call__(self, work: Callable[[], T], stop: asyncio.Event) -> Awaitable[T | None]:
        """Do it in a thread, again while the database is away; None when the worker stops first."""


class Settling:
    """looked: it is known whether a restore has to be settled. opened: there is none, or it is settled."""

    def __init__(self, restoration: Restoration | None, relay: ActiveRelay, runner: TaskRunner, insist: Insist) -> None:
        self.looked, self.opened = asyncio.Event(), asyncio.Event()
        self._restoration = restoration
        self._relay = relay
        self._runner = runner
        self._insist = insist

    def check(self) -> None:
        """For readiness. Raises CatchingUp."""
        if not self.opened.is_set():
            raise CatchingUp

    async def run(self, stop: asyncio.Event) -> None:
        """Settle a restore, then keep looking. Raises RestoredMeanwhile."""
        restoration = self._restoration
        if restoration is not None and await self._insist(restoration.notice, stop):
            self._runner.only = frozenset({ERASE})
            self.looked.set()
            while not stop.is_set() and not await self._settled(restoration):
                await _pause(stop, AGAIN_S)
            self._runner.only = None
        self.looked.set()
        self.opened.set()
        while not stop.is_set():
            await _pause(stop, LOOK_EVERY_S)
            if restoration is not None and (why := await self._insist(restoration.guard.reason, stop)):
                raise RestoredMeanwhile(why)

    async def _settled(self, restoration: Restoration) -> bool:
        if not restoration.guard.is_closed:
            return True  # another replica was faster
        if not self._relay.active:
            return False  # not before the relay has compared positions: those that the bus has seen are not given again
        try:
            return await asyncio.to_thread(restoration.attempt)
        except Exception as error:  # whatever keeps it from ending, the service stays closed and says why
            log.error("still closed after a restore", service=restoration.service, error=type(error).__name__)
            return False


def after(event: asyncio.Event, job: Job) -> Job:
    """The job, once the event has come about; never, when the worker stops before."""

    async def later(stop: asyncio.Event) -> None:
        waits = [asyncio.create_task(each.wait()) for each in (event, stop)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if not stop.is_set():
            await job(stop)

    return later


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
