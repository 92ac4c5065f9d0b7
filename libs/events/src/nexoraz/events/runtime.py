"""Wires the kernel's parts for one process of a service, the same way in all services.

Nothing is connected here: engines connect at the first statement, the bus when `run_worker` starts.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Protocol

import structlog
from sqlalchemy import Connection, Engine

from nexoraz.events.bus import BusLink, BusUnavailable, BusUser, NatsSettings, OwnStream, Revealed
from nexoraz.events.consumer import Handler
from nexoraz.events.contracts import Contract, Foreign
from nexoraz.events.desks import LetterDesk, TaskDesk, desks
from nexoraz.events.event import Event, Recorded
from nexoraz.events.hints import RelayHint
from nexoraz.events.holdings import Holdings, stamp
from nexoraz.events.incarnation import RestoreGuard
from nexoraz.events.kek import LocalKek
from nexoraz.events.participation import EXPORT, Participation
from nexoraz.events.questions import Questions
from nexoraz.events.registry import Registry
from nexoraz.events.restoration import ErasureRegister, Restoration, RpcErasureRegister
from nexoraz.events.rpc import RpcClient, RpcHandler
from nexoraz.events.schema import KernelTables
from nexoraz.events.sql_store import InlineProjection, SqlEventStore, connection_of
from nexoraz.events.store import Transaction
from nexoraz.events.tasks import TaskHandler, TaskQueue
from nexoraz.events.upload_grants import RpcUploadGrants
from nexoraz.events.vault import Vault
from nexoraz.events.worker import Periodic, WorkerParts
from nexoraz.events.worker_parts import Checks, Job


class RuntimeSettings(BusUser, Protocol):
    """What a service's own settings say about its databases, its keys and its address (host:port)."""

    @property
    def database_url(self) -> Revealed: ...
    @property
    def vault_database_url(self) -> Revealed: ...
    @property
    def vault_kek_dir(self) -> Path: ...
    @property
    def bind(self) -> str: ...


class Chassis(Protocol):
    """What the kernel is lent, since it knows neither processes nor HTTP: the module `nexoraz.service.chassis`."""

    def make_engine(self, url: str, pool_size: int = 8) -> Engine: ...
    def migrate(self, url: str, directory: Path) -> None: ...
    def revoke(self, conn: Connection, subject: str) -> None: ...
    def current_traceparent(self) -> str | None: ...
    async def serve_health(self, bind: str, checks: Checks) -> asyncio.Server: ...


def _nothing(*_: object) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Runtime:
    """The kernel inside one process: store, vault, tasks, and the link to the bus that only a worker opens."""

    service: str
    chassis: Chassis
    engine: Engine
    tables: KernelTables
    registry: Registry
    vault: Vault
    store: SqlEventStore
    tasks: TaskQueue
    link: BusLink
    rpc: RpcClient
    own_stream: OwnStream
    guard: RestoreGuard

    @classmethod
    def wire(
        cls,
        service: str,
        chassis: Chassis,
        settings: RuntimeSettings,
        tables: KernelTables,
        registry: Registry,
        inline: Callable[[Vault], Sequence[InlineProjection]],
    ) -> "Runtime":
        """`inline` makes the read models, which may seal columns with the vault."""
        engine = chassis.make_engine(settings.database_url.reveal())
        vault_engine = chassis.make_engine(settings.vault_database_url.reveal(), pool_size=4)
        vault, link = Vault(vault_engine, LocalKek(settings.vault_kek_dir)), BusLink()
        trace, hint = chassis.current_traceparent, RelayHint(engine)
        store = SqlEventStore(engine, tables, registry, vault, inline(vault), hint=hint, traceparent=trace)
        stream = OwnStream(link, service, engine, tables)
        queue, guard = TaskQueue(tables), RestoreGuard(engine, vault_engine, settings.vault_kek_dir)
        return cls(
            service, chassis, engine, tables, registry, vault, store, queue, link, RpcClient(link), stream, guard
        )

    @property
    def reading(self) -> Engine:
        """The engine for questions: each SELECT is a transaction of its own, one round trip instead of three, and what
        the driver prepared stays prepared. At READ COMMITTED a reader sees the same."""
        return self.engine.execution_options(isolation_level="AUTOCOMMIT")

    def questions(self) -> Questions:
        """Connections for the questions of most requests."""
        return Questions(self.engine)

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

    def restored(self, as_of: datetime | None) -> list[str]:
        """An operator says that a backup was brought back: serve nothing until what it missed is erased again."""
        closed = self.guard.close("an operator said that a backup was brought back", as_of)
        return [
            f"{self.service} is closed until its worker has erased again what was erased after {stamp(closed.as_of)}"
        ]

    def participation(
        self,
        holdings: Holdings,
        on_begun: Callable[[Transaction, str], None] = _nothing,
        before_erase: Callable[[str, str], None] = _nothing,
    ) -> Participation:
        """The service's part in erasure and export. From the commit that begins an erasure on, the account's tokens
        are refused; `on_begun` says what else happens in it."""
        bus = _OwnMessages(self.own_stream)

        def begin(tx: Transaction, account_id: str) -> None:
            on_begun(tx, account_id)
            self.chassis.revoke(connection_of(tx), account_id)

        return Participation(
            self.service,
            self.store,
            self.tasks,
            holdings,
            self.vault,
            bus,
            bus,
            RpcUploadGrants(self.rpc),
            remember=self.guard.remember,
            on_begun=begin,
            before_erase=before_erase,
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


HOUR, DAY = 3600.0, 86400.0
EXPORTS_AT_ONCE = 2
"""Per worker: each holds two sealed parts of 8 MiB, and a long one must not keep everybody else's waiting."""
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerPlan:
    """What a service adds to the worker beside its part in erasure and export.

    register, recall: of the coordinator, which knows itself what was erased (restoration.py).
    periodic: what is done every so often by one worker, besides the retention job. jobs: more that runs as long as
    the worker.
    """

    translate: Callable[[Event, Recorded], Contract | None]
    handlers: Mapping[type[Foreign], Handler]
    task_handlers: Mapping[str, TaskHandler] = field(default_factory=dict)
    rpc_handlers: Mapping[str, RpcHandler] = field(default_factory=dict)
    periodic: Sequence[Periodic] = ()
    task_concurrency: Mapping[str, int] = field(default_factory=dict)
    jobs: Mapping[str, Job] = field(default_factory=dict)
    register: ErasureRegister | None = None
    recall: Callable[[], None] = lambda: None


def worker_parts(
    runtime: Runtime, participation: Participation, plan: WorkerPlan, nats: NatsSettings, bind: str
) -> WorkerParts:
    """The worker of a service that takes part in erasure and export; its readiness is served on `bind`."""

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
        serve_health=partial(runtime.chassis.serve_health, bind),
        periodic=[
            *plan.periodic,
            Periodic("vault", HOUR, participation.keep_vault),
            Periodic("sweep", DAY, participation.sweep),
            Periodic("retention", HOUR, lambda: log.info("retention applied", count=participation.retention.run())),
        ],
        jobs=plan.jobs,
        task_concurrency={EXPORT: EXPORTS_AT_ONCE, **plan.task_concurrency},
        survives_erasure=frozenset(participation.task_handlers),
        restoration=Restoration(
            runtime.service,
            runtime.store,
            runtime.vault,
            runtime.guard,
            participation,
            plan.register or RpcErasureRegister(runtime.rpc),
            plan.recall,
        ),
    )
