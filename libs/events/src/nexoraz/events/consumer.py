"""Consumes the stream of one producer: from the bus into the inbox, for the partitions that this worker holds."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import TypeVar

import nats.errors
import structlog

from nexoraz.events import jetstream
from nexoraz.events.bus import BusLink
from nexoraz.events.inbox import Handler, Inbox, Mark, PositionMoved
from nexoraz.events.jetstream import BusRefused, BusUnavailable, StreamState
from nexoraz.events.pulling import Pull
from nexoraz.events.transient import is_transient

__all__ = ["Consumer", "Handler", "start_after"]

T = TypeVar("T")
BATCH = 512
BUS_FAULTS = (BusUnavailable, BusRefused, nats.errors.Error, OSError)
REMEMBER_EVERY_S = 5.0
LONGEST_PAUSE_S = 5.0
log = structlog.get_logger()


class Consumer:
    """Runs in the worker's loop; its inbox works in one thread of its own."""

    def __init__(self, inbox: Inbox, link: BusLink) -> None:
        self.inbox = inbox
        self.partitions: frozenset[int] = frozenset()
        self._link = link
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=f"consume-{inbox.producer}")
        self._changed = asyncio.Event()
        self._pull: Pull | None = None
        self._faults = 0
        self.behind = 0
        self.waiting_since: float | None = monotonic()

    def assign(self, partitions: frozenset[int]) -> None:
        """From now on handle these partitions. What is in flight for others is committed or refused by position."""
        if partitions != self.partitions:
            self.partitions = partitions
            self._wake()

    def late_by(self) -> float:
        """Seconds for which we have had partitions to consume and could not."""
        return monotonic() - self.waiting_since if self.waiting_since and self.partitions else 0.0

    def _wake(self) -> None:
        self._changed.set()
        if self._pull is not None:
            self._pull.nudge()

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop`; faults of NATS and PostgreSQL are waited out."""
        forget = self._link.on_interruption(self._interrupted)
        stopping = asyncio.create_task(self._stopped(stop))
        try:
            while not stop.is_set():
                self._changed.clear()
                if self.partitions:
                    await self._attempt(stop, self.partitions)
                else:
                    await self._changed.wait()
        finally:
            forget()
            stopping.cancel()
            self._pool.shutdown(wait=True)

    async def _stopped(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake()

    def _interrupted(self) -> None:
        if self._pull is not None:
            self._pull.broke()

    async def _attempt(self, stop: asyncio.Event, partitions: frozenset[int]) -> None:
        try:
            await self._consume(stop, partitions)
        except PositionMoved:
            log.info("another replica was faster", producer=self.inbox.producer)
            await self._pause(0.1)
        except BUS_FAULTS as fault:
            await self._later("consumer begins again", f"{type(fault).__name__}: {fault}")
        except Exception as error:
            if not is_transient(error):
                raise
            await self._later("consumer waits for its database", type(error).__name__)

    async def _consume(self, stop: asyncio.Event, partitions: frozenset[int]) -> None:
        client = self._link.client
        state = await jetstream.stream_state(client, self.inbox.producer)
        if state is None:
            await self._pause(0.5)
            return
        marks = await self._thread(self.inbox.load, partitions)
        subjects = jetstream.filters(self.inbox.types, partitions)
        async with Pull(client, self.inbox.producer, subjects, start_after(marks, state)) as pull:
            self._pull = pull
            try:
                await self._handle_all(pull, state.identity, stop, partitions)
            finally:
                self._pull = None

    async def _handle_all(self, pull: Pull, identity: str, stop: asyncio.Event, partitions: frozenset[int]) -> None:
        remembered, last = monotonic(), 0
        while not stop.is_set() and self.partitions == partitions:
            messages = await pull.batch(BATCH)
            if messages:
                await self._thread(self.inbox.handle, messages, identity)
                self._faults, last = 0, messages[-1].sequence
            self.behind = pull.pending
            if pull.answered:  # a heartbeat is enough: an idle stream is not a late one
                self.waiting_since = None
            if last and monotonic() - remembered > REMEMBER_EVERY_S:
                await self._thread(self.inbox.seen, last, identity)
                remembered, last = monotonic(), 0

    async def _thread(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)

    async def _later(self, what: str, why: str) -> None:
        self._faults += 1
        self.waiting_since = self.waiting_since or monotonic()
        if self._faults > 1:
            log.warning(what, producer=self.inbox.producer, reason=why)
        await self._pause(min(0.1 * 2 ** min(self._faults, 6), LONGEST_PAUSE_S))

    async def _pause(self, seconds: float) -> None:
        """Wait, unless the assignment changes or the worker stops."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds * random.uniform(0.7, 1.0)):  # noqa: S311 - spreads retries, no secret
                await self._changed.wait()


def start_after(marks: Mapping[int, Mark], state: StreamState) -> int:
    """The stream sequence at which to begin: the earliest that may hold something new for any of the partitions.

    Sequences count only on the stream that they were seen on; beyond its end they show that it lost its tail.
    """
    trusted = [m.sequence for m in marks.values() if m.identity == state.identity and m.sequence <= state.last_sequence]
    return min(trusted) + 1 if len(trusted) == len(marks) else 1
