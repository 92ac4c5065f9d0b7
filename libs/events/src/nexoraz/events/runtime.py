"""Wires the kernel's parts for one process of a service, the same way in all services.

Nothing is connected here: engines connect at the first statement, the bus when `run_worker` starts.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from sqlalchemy import Connection, Engine

from nexoraz.events.bus import BusLink, BusUnavailable, NatsSettings, OwnStream
from nexoraz.events.consumer import Handler
from nexoraz.events.contracts import Contract, Foreign
from nexoraz.events.desks import LetterDesk, TaskDesk, desks
from nexoraz.events.event import Event, Recorded
from nexoraz.events.hints import RelayHint
from nexoraz.events.holdings import Holdings
from nexoraz.events.kek import LocalKek
from nexoraz.events.participation import EXPORT, Participation
from nexoraz.events.registry import Registry
from nexoraz.events.rpc import RpcClient, RpcHandler
from nexoraz.events.schema import KernelTables
from nexoraz.events.sql_store import InlineProjection, SqlEventStore, no_trace
from nexoraz.events.store import Transaction
from nexoraz.events.tasks import TaskHandler, TaskQueue
from nexoraz.events.transient import is_transient
from nexoraz.events.upload_grants import RpcUploadGrants
from nexoraz.events.vault import Vault
from nexoraz.events.worker import Periodic, WorkerParts


@dataclass(frozen=True, slots=True)
class Runtime:
    """The kernel inside one process: store, vault, tasks, and the link to the bus that only a worker opens."""

    service: str
    engine: Engine
    tables: KernelTables
    registry: Registry
    vault: Vault
    store: SqlEventStore
    tasks: TaskQueue
    link: BusLink
    rpc: RpcClient
    own_stream: OwnStream

    @classmethod
    def wire(
        cls,
        service: str,
        engine: Engine,
        vault_engine: Engine,
        kek_dir: Path,
        tables: KernelTables,
        registry: Registry,
        inline: Callable[[Vault], Sequence[InlineProjection]],
        traceparent: Callable[[], str | None] = no_trace,
    ) -> "Runtime":
        """`inline` makes the read models, which may seal columns with the vault."""
        vault, link = Vault(vault_engine, LocalKek(kek_dir)), BusLink()
        hint = RelayHint(engine)
        store = SqlEventStore(engine, tables, registry, vault, inline(vault), hint=hint, traceparent=traceparent)
        stream = OwnStream(link, service, engine, tables)
        queue = TaskQueue(tables)
        return cls(service, engine, tables, registry, vault, store, queue, link, RpcClient(link), stream)

    def hash_key(self) -> bytes:
        """The key under which idempotency keys are hashed (32 bytes)."""
        return self.vault.derive("", "idempotency", b"hash")

    def seal_answer(self, owner: str, answer: bytes) -> bytes:
        """Seal an answer that is kept to be given again. owner: an account id, or "" for a request without one."""
        return self.vault.seal(owner, "idempotency", answer, "answer")

    def open_answer(self, owner: str, sealed: bytes) -> bytes:
        """The reverse of `seal_answer`."""
        return self.vault.open(owner, "idempotency", sealed, "answer")

    def desks(self) -> dict[str, LetterDesk | TaskDesk]:
        """Where an operator deals with dead letters and failed tasks, by their names on the command line."""
        return desks(self.engine, self.tables)

    def participation(
        self,
        holdings: Holdings,
        on_begun: Callable[[Transaction, str], None],
        before_erase: Callable[[str, str], None] = lambda *_: None,
        after_erase: Callable[[str, str], None] = lambda *_: None,
        purges_bus: bool = True,
    ) -> Participation:
        """The service's part in erasure and export."""
        bus = _OwnMessages(self.own_stream)
        return Participation(
            self.service,
            self.store,
            self.tasks,
            holdings,
            self.vault,
            bus,
            bus if purges_bus else None,
            RpcUploadGrants(self.rpc),
            on_begun=on_begun,
            before_erase=before_erase,
            after_erase=after_erase,
        )


@dataclass(frozen=True, slots=True)
class _OwnMessages:
    """What participation asks of the bus, answered by the service's own stream."""

    stream: OwnStream

    def wait_passed(self, position: int, timeout_s: float) -> bool:
        try:
            self.stream.wait_until_relayed(position, timeout_s)
        except BusUnavailable:
            return False
        return True

    def count(self, account_id: str) -> int:
        return self.stream.messages_of(account_id)

    def purge(self, account_id: str) -> int:
        return self.stream.purge_key(account_id)


ServeHealth = Callable[[Mapping[str, Callable[[], object]]], Awaitable[asyncio.Server]]
"""Serves /livez and /readyz of a worker from named checks; the chassis has one."""


Purge = Callable[[Connection], None]
"""Removes what has expired, in a transaction of its own on the service's database."""
HOUR = 3600.0
EXPORTS_AT_ONCE = 2
"""Per worker: each holds two sealed parts of 8 MiB, and a long one must not keep everybody else's waiting."""
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerPlan:
    """What a service adds to the worker beside its part in erasure and export.

    housekeeping: each removes what has expired and is without effect; all of them run every hour, in one worker.
    """

    translate: Callable[[Event, Recorded], Contract | None]
    handlers: Mapping[type[Foreign], Handler]
    task_handlers: Mapping[str, TaskHandler] = field(default_factory=dict)
    rpc_handlers: Mapping[str, RpcHandler] = field(default_factory=dict)
    housekeeping: Sequence[Purge] = ()
    periodic: Sequence[Periodic] = ()
    task_concurrency: Mapping[str, int] = field(default_factory=dict)


def worker_parts(
    runtime: Runtime, participation: Participation, plan: WorkerPlan, nats: NatsSettings, serve_health: ServeHealth
) -> WorkerParts:
    """The worker of a service that takes part in erasure and export."""

    def translate(event: Event, recorded: Recorded) -> Contract | None:
        return participation.translate(event, recorded) or plan.translate(event, recorded)

    return WorkerParts(
        service=runtime.service,
        engine=runtime.engine,
        store=runtime.store,
        tables=runtime.tables,
        registry=runtime.registry,
        translate=translate,
        handlers={**plan.handlers, **participation.handlers},
        tasks=runtime.tasks,
        task_handlers={**plan.task_handlers, **participation.task_handlers},
        rpc_handlers=plan.rpc_handlers,
        nats=nats,
        link=runtime.link,
        serve_health=serve_health,
        periodic=[*plan.periodic, Periodic("housekeeping", HOUR, housekeeping(runtime.engine, plan.housekeeping))],
        task_concurrency={EXPORT: EXPORTS_AT_ONCE, **plan.task_concurrency},
        survives_erasure=frozenset(participation.task_handlers),
    )


def housekeeping(engine: Engine, purges: Sequence[Purge]) -> Callable[[], None]:
    """Every purge in a transaction of its own: one that fails is told, and keeps no other from its work. Raises only
    what is transient, after which all of it may run again."""

    def run() -> None:
        for purge in purges:
            try:
                with engine.begin() as connection:
                    purge(connection)
            except Exception as error:
                if is_transient(error):
                    raise
                log.error("housekeeping failed", part=purge.__qualname__, error=type(error).__name__)

    return run
