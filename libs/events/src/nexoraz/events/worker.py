"""The worker process of a service: relay, consumers, tasks, requests, in one loop.

Everything is connected here, after the process has started, and waits for NATS and PostgreSQL for as long as they are
away. A part that fails for another reason ends the process with an error, so that its supervisor starts it anew.
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from uuid import uuid4

import psycopg
import structlog
from nats.aio.client import Client

from nexoraz.events.attention import Attention
from nexoraz.events.bus import connect
from nexoraz.events.consumer import Consumer
from nexoraz.events.contracts import PARTITIONS, Foreign
from nexoraz.events.hints import CHANNEL
from nexoraz.events.inbox import Handler, Inbox
from nexoraz.events.jetstream import BusUnavailable
from nexoraz.events.leases import Leases
from nexoraz.events.redrive import Redrive
from nexoraz.events.relay import Relay
from nexoraz.events.rpc import RpcServer
from nexoraz.events.settling import Settling, after
from nexoraz.events.sql_store import SqlEventStore
from nexoraz.events.task_runner import TaskRunner
from nexoraz.events.transient import is_transient
from nexoraz.events.worker_parts import Job, Periodic, WorkerParts

__all__ = ["Periodic", "Worker", "WorkerParts", "run_worker"]

T = TypeVar("T")
REDRIVE_EVERY_S = 1.0
STALE_S = 15.0
"""A consumer that has not been connected for so long makes the worker unready."""
log = structlog.get_logger()


class BusFull(Exception):
    """The bus stores nothing now; what was committed waits in the database."""


class Worker:
    """The parts of one running worker. `run` ends when `stop` is set, or raises what ended it."""

    def __init__(self, parts: WorkerParts) -> None:
        self.id = f"{parts.service}-{uuid4().hex[:12]}"
        self.parts = parts
        self.stop = asyncio.Event()
        self.relay = Relay(parts.service, parts.engine, parts.registry, parts.translate, parts.nats)
        by_producer: dict[str, dict[type[Foreign], Handler]] = {}
        for view, handler in parts.handlers.items():
            by_producer.setdefault(view.source.split(".")[1], {})[view] = handler
        inboxes = {p: Inbox(p, parts.engine, parts.store, views) for p, views in by_producer.items()}
        self.consumers = [Consumer(inbox, parts.link) for inbox in inboxes.values()]
        self.leases = Leases(parts.engine, self.id, expiry_s=parts.partition_beat_s * 4)
        self.redrive = Redrive(parts.engine, parts.store, inboxes)
        self.runner = TaskRunner(
            parts.engine,
            parts.tasks,
            parts.task_handlers,
            self.id,
            concurrency=parts.task_concurrency,
            survives_erasure=parts.survives_erasure,
            lease_s=parts.lease_s,
        )
        self.settling = Settling(parts.restoration, self.relay, self.runner, self._insist)
        self.attention = Attention(parts.engine, parts.tables)
        self.rpc = RpcServer(parts.service, parts.rpc_handlers)
        self._client: Client | None = None
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="worker")
        if isinstance(parts.store, SqlEventStore):
            parts.store.hint = self._hint_of(parts.store.hint)

    def checks(self) -> dict[str, Callable[[], object]]:
        """What readiness asks: each raises when its part is not able to do its work; `attention` never does."""
        return {
            "nats": self._check_nats,
            "consumers": self._check_consumers,
            "relay": self._check_relay,
            "restored": self.settling.check,
            "attention": lambda: self.attention.counts,
        }

    async def run(self) -> None:
        """Run all parts until `stop`; hand over partitions at once on the way out."""
        parts = self.parts
        server = await parts.serve_health(self.checks()) if parts.serve_health else None
        jobs: dict[str, Job] = {
            "nats": self._hold_connection,
            "restore": self.settling.run,
            "relay": self.relay.run,
            "hints": self._listen,
            "tasks": after(self.settling.looked, self.runner.run),
            "attention": self.attention.run,
            **{name: after(self.settling.opened, job) for name, job in self._served().items()},
        }
        try:
            async with asyncio.TaskGroup() as group:
                for name, job in jobs.items():
                    group.create_task(self._guarded(name, job), name=name)
        finally:
            await self._disconnect()
            if server is not None:
                server.close()
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _served(self) -> dict[str, Job]:
        """What waits while a restore is being settled: it would handle, show or send what was erased."""
        return {
            "rpc": self._answer_requests,
            "leases": self._hold_leases,
            "redrive": self._redrive,
            **{f"consume {c.inbox.producer}": c.run for c in self.consumers},
            **{f"every {p.name}": self._periodically(p) for p in self.parts.periodic},
            **self.parts.jobs,
        }

    async def _answer_requests(self, stop: asyncio.Event) -> None:
        while self._client is None and not stop.is_set():
            await _pause(stop, 0.05)
        if self._client is not None:
            await self.rpc.start(self._client)
        await stop.wait()

    def _hint_of(self, elsewhere: Callable[[], None]) -> Callable[[], None]:
        """After a commit of this process: wake our own relay directly, or whichever worker has the active one."""

        def committed() -> None:
            if self.relay.active:
                self.relay.hint()
            else:
                elsewhere()

        return committed

    async def _guarded(self, name: str, job: Job) -> None:
        try:
            await job(self.stop)
        except Exception as error:
            log.error("worker part failed", part=name, error=type(error).__name__)
            self.stop.set()
            raise
        if not self.stop.is_set():
            log.warning("worker part ended", part=name)

    async def _hold_connection(self, stop: asyncio.Event) -> None:
        """One connection for consumers, requests and threads; it reconnects for ever and is closed after them."""
        client = await self._first_connection(stop)
        if client is None:
            return
        self._client = client
        self.parts.link.attach(client)
        while not stop.is_set():
            await _pause(stop, 1.0)
            if client.is_closed:
                raise BusUnavailable("the connection was closed for good")

    async def _first_connection(self, stop: asyncio.Event) -> Client | None:
        interrupted = self.parts.link.interrupted
        while not stop.is_set():
            try:
                return await connect(
                    self.parts.nats, self.parts.service, reconnect=True, on_lost=interrupted, on_back=interrupted
                )
            except BusUnavailable as fault:
                log.warning("nats is away", reason=str(fault))
                await _pause(stop, 0.5)
        return None

    async def _disconnect(self) -> None:
        await self.rpc.stop()
        self.parts.link.detach()
        if self._client is not None:
            with contextlib.suppress(Exception):  # leaving: a server that is gone needs no good-bye
                await asyncio.wait_for(self._client.close(), 2.0)

    async def _listen(self, stop: asyncio.Event) -> None:
        """Hints of other processes (hints.RelayHint): something was committed, for the relay and the tasks."""
        conninfo = self.parts.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        while not stop.is_set():
            try:
                async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    while not stop.is_set():
                        async for _ in connection.notifies(timeout=0.5, stop_after=1):
                            self.relay.hint()
                            self.runner.hint()
            except psycopg.Error as error:
                log.warning("hints wait for their database", error=type(error).__name__)
                await _pause(stop, 1.0)

    async def _hold_leases(self, stop: asyncio.Event) -> None:
        await self._insist(self.leases.prepare, stop)
        try:
            while not stop.is_set():
                held = await self._insist(self.leases.beat, stop)
                for consumer in self.consumers:
                    consumer.assign(held or frozenset())
                await _pause(stop, self.parts.partition_beat_s)
        finally:
            with contextlib.suppress(Exception):  # leaving: what is not released expires
                await self._thread(self.leases.release)

    async def _redrive(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await _pause(stop, REDRIVE_EVERY_S)
            held = self.consumers[0].partitions if self.consumers else frozenset()
            if held and not stop.is_set():
                await self._insist(lambda held=held: self.redrive.run_once(held), stop)  # type: ignore[misc]

    def _periodically(self, periodic: Periodic) -> Job:
        async def job(stop: asyncio.Event) -> None:
            while not stop.is_set():
                await self._insist(lambda: self._alone(periodic), stop)
                await _pause(stop, periodic.every_s)

        return job

    def _alone(self, periodic: Periodic) -> None:
        with self.parts.engine.connect() as connection:
            lock = connection.exec_driver_sql(
                "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 7265004))", (periodic.name,)
            )
            if not lock.scalar_one():
                return
            try:
                periodic.run()
            except Exception as error:
                if is_transient(error):
                    raise
                log.error("periodic work failed", part=periodic.name, error=type(error).__name__)

    async def _insist(self, work: Callable[[], T], stop: asyncio.Event) -> T | None:
        """Do it in a thread, again while the database is away; None when the worker stops first."""
        while not stop.is_set():
            try:
                return await self._thread(work)
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("waiting for the database", error=type(error).__name__)
                await _pause(stop, 1.0)
        return None

    async def _thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def _check_nats(self) -> None:
        if not self.parts.link.is_connected:
            raise BusUnavailable("not connected to NATS")

    def _check_relay(self) -> int:
        if self.relay.stuck:
            raise BusUnavailable(f"the relay is stuck after position {self.relay.position}: {self.relay.stuck}")
        if self.relay.refused:
            raise BusFull(self.relay.refused)
        return self.relay.position

    def _check_consumers(self) -> dict[str, int]:
        late = [c for c in self.consumers if c.late_by() > STALE_S]
        if late:
            raise BusUnavailable(f"not consuming from {', '.join(c.inbox.producer for c in late)}")
        return {c.inbox.producer: c.behind for c in self.consumers}


def run_worker(parts: WorkerParts) -> None:
    """Run the worker of a service in this process until SIGTERM or SIGINT; raises what ended it otherwise."""
    asyncio.run(_main(parts))


async def _main(parts: WorkerParts) -> None:
    worker = Worker(parts)
    loop = asyncio.get_running_loop()
    for signal_ in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_, worker.stop.set)
    log.info("worker started", service=parts.service, worker=worker.id, partitions=PARTITIONS)
    await worker.run()
    log.info("worker stopped", service=parts.service, worker=worker.id)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
