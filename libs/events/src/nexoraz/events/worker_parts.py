"""What a service gives to its worker."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Engine

from nexoraz.events.bus import BusLink, NatsSettings
from nexoraz.events.contracts import Foreign
from nexoraz.events.inbox import Handler
from nexoraz.events.leases import BEAT_S
from nexoraz.events.registry import Registry
from nexoraz.events.relay import Translate
from nexoraz.events.restoration import Restoration
from nexoraz.events.rpc import RpcHandler
from nexoraz.events.schema import KernelTables
from nexoraz.events.store import EventStore
from nexoraz.events.tasks import LEASE_S, TaskHandler, TaskQueue

Checks = Mapping[str, Callable[[], object]]
Job = Callable[[asyncio.Event], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Periodic:
    """Something to do every `every_s` seconds by one replica at a time, in a thread."""

    name: str
    every_s: float
    run: Callable[[], object]


@dataclass(frozen=True, kw_only=True)
class WorkerParts:
    """What a service gives to its worker."""

    service: str
    engine: Engine
    store: EventStore
    tables: KernelTables
    registry: Registry
    translate: Translate
    handlers: Mapping[type[Foreign], Handler]
    nats: NatsSettings
    link: BusLink
    tasks: TaskQueue
    task_handlers: Mapping[str, TaskHandler] = field(default_factory=dict)
    rpc_handlers: Mapping[str, RpcHandler] = field(default_factory=dict)
    serve_health: Callable[[Checks], Awaitable[asyncio.Server]] | None = None
    periodic: Sequence[Periodic] = ()
    jobs: Mapping[str, Job] = field(default_factory=dict)
    task_concurrency: Mapping[str, int] = field(default_factory=dict)
    survives_erasure: frozenset[str] = frozenset()
    restoration: Restoration | None = None
    lease_s: float = LEASE_S
    partition_beat_s: float = BEAT_S
