"""Runs tasks in threads: claims what is due, extends leases, counts attempts."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import structlog
from opentelemetry import trace
from sqlalchemy import Engine

from nexoraz.events.tasks import (
    LEASE_S,
    MAX_ATTEMPTS,
    GiveUp,
    Postpone,
    Task,
    TaskHandler,
    TaskLost,
    TaskQueue,
    TaskTable,
    delay_of,
)
from nexoraz.events.tracing import continued
from nexoraz.events.transient import is_transient

POLL_S = 0.25
PER_KIND = 4
log = structlog.get_logger()
tracer = trace.get_tracer("nexoraz.events")


class TaskRunner:
    """Runs in the worker's loop; handlers run in its threads. `hint` may be called from any thread.

    only: the kinds that may begin now, while a service is closed after a restore; None for all.
    """

    def __init__(
        self,
        engine: Engine,
        queue: TaskQueue,
        handlers: Mapping[str, TaskHandler],
        worker_id: str,
        *,
        concurrency: Mapping[str, int] | None = None,
        survives_erasure: frozenset[str] = frozenset(),
        lease_s: float = LEASE_S,
        max_attempts: int = MAX_ATTEMPTS,
    ) -> None:
        self._handlers = handlers
        self._limits = {kind: (concurrency or {}).get(kind, PER_KIND) for kind in handlers}
        self._table = TaskTable(engine, worker_id, lease_s, survives_erasure)
        self._lease_s = lease_s
        self._max_attempts = max_attempts
        self._pool = ThreadPoolExecutor(max(sum(self._limits.values()), 1), thread_name_prefix="task")
        self._claims = ThreadPoolExecutor(1, thread_name_prefix="task-claims")
        self._running: dict[int, Task] = {}
        self._runs: set[asyncio.Future[None]] = set()
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.only: frozenset[str] | None = None
        queue.owner, queue.wake = worker_id, self.hint

    def hint(self) -> None:
        """A task may be due. Thread-safe."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._woken.set)

    async def run(self, stop: asyncio.Event) -> None:
        """Run tasks until `stop`, then finish those that are running, as long as the lease lasts."""
        self._loop = asyncio.get_running_loop()
        if not self._handlers:
            await stop.wait()
            return
        beating = asyncio.create_task(self._beat())
        try:
            while not stop.is_set():
                self._woken.clear()
                if not await self._start_due():
                    await self._wait(stop)
            if self._runs:
                await asyncio.wait(self._runs, timeout=self._lease_s)
        finally:
            beating.cancel()
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._claims.shutdown(wait=False)

    async def _start_due(self) -> int:
        busy = Counter(task.kind for task in self._running.values())
        wanted = (
            self._limits.items() if self.only is None else [(k, n) for k, n in self._limits.items() if k in self.only]
        )
        free = {kind: limit - busy[kind] for kind, limit in wanted if limit > busy[kind]}
        if not free:
            return 0
        loop = asyncio.get_running_loop()
        try:
            claimed = await loop.run_in_executor(self._claims, self._table.claim, free)
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("tasks wait for their database", error=type(error).__name__)
            await asyncio.sleep(0.5)
            return 0
        for task in claimed:
            self._running[task.id] = task
            run = loop.run_in_executor(self._pool, self._run, task)
            self._runs.add(run)
            run.add_done_callback(lambda done, task=task: self._ended(task, done))  # type: ignore[misc]
        return len(claimed)

    def _ended(self, task: Task, done: "asyncio.Future[None]") -> None:
        self._running.pop(task.id, None)
        self._runs.discard(done)
        self._woken.set()
        if not done.cancelled() and (error := done.exception()) is not None:
            # The row keeps its lease until that ends, then the task runs again.
            log.error("task outcome not written", kind=task.kind, error=type(error).__name__)

    async def _wait(self, stop: asyncio.Event) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self._woken.wait()
        if stop.is_set():
            self._woken.set()

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._lease_s / 3)
            if self._running:
                try:
                    await loop.run_in_executor(self._claims, self._table.extend, list(self._running))
                except Exception as error:  # the next beat tries again; a lease that runs out repeats a task
                    log.warning("task leases not extended", error=type(error).__name__)

    def _run(self, task: Task) -> None:
        if task.attempts > self._max_attempts:
            log.error("task dead", kind=task.kind, task=task.id, error="its workers died", attempts=task.attempts)
            self._table.bury(task, "its workers died")
            return
        try:
            with continued(tracer, task.traceparent, f"task {task.kind}", trace.SpanKind.INTERNAL):
                self._handlers[task.kind](task)
        except GiveUp as reason:
            log.error("task given up", kind=task.kind, task=task.id)
            self._table.bury(task, str(reason))
        except Postpone as outage:
            log.warning("task postponed", kind=task.kind, task=task.id, error=outage.reason)
            self._table.later(task, outage.reason, outage.delay_s)
        except TaskLost:
            log.info("task lease lost", kind=task.kind, task=task.id)
        except Exception as error:  # a task's fault is counted, told and tried again; nothing is swallowed
            self._failed(task, type(error).__name__)
        else:
            self._table.done(task)

    def _failed(self, task: Task, reason: str) -> None:
        if task.attempts >= self._max_attempts:
            log.error("task dead", kind=task.kind, task=task.id, error=reason, attempts=task.attempts)
            self._table.bury(task, reason)
        else:
            log.warning("task failed", kind=task.kind, task=task.id, error=reason, attempts=task.attempts)
            self._table.again(task, reason, delay_of(task.attempts))
