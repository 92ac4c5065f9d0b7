"""Two small services for the tests of the bus: `assets` publishes orders, `render` records that it saw them."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import uuid4

from sqlalchemy import Engine, MetaData, create_engine

from nexoraz.events.bus import BusLink, NatsSettings
from nexoraz.events.classification import Fact, Id
from nexoraz.events.contracts import Contract, Foreign, Received
from nexoraz.events.event import Event, Recorded, Stream
from nexoraz.events.inbox import Handler
from nexoraz.events.registry import Registry
from nexoraz.events.schema import KernelTables
from nexoraz.events.sql_store import SqlEventStore, connection_of
from nexoraz.events.store import Transaction
from nexoraz.events.tasks import TaskQueue
from nexoraz.events.testing.fakes import MemorySealer
from nexoraz.events.tracing import current_traceparent
from nexoraz.events.worker import Worker, WorkerParts

TABLES = KernelTables(MetaData())


class OrderPlaced(Event, frozen=True):
    account_id: Id
    number: Fact[int]


class NoteTaken(Event, frozen=True):
    """Private: nothing is published for it."""

    number: Fact[int]


class OrderSeen(Event, frozen=True):
    account_id: Id
    number: Fact[int]


class OrderConfirmed(Contract, frozen=True):
    service: ClassVar[str] = "assets"
    account_id: Id
    number: Fact[int]


class Confirmed(Foreign, frozen=True):
    source: ClassVar[str] = "nexoraz.assets.order-confirmed.v1"
    account_id: str
    number: int


REGISTRY = Registry.of([OrderPlaced, NoteTaken, OrderSeen])


def translate(event: Event, recorded: Recorded) -> Contract | None:
    return OrderConfirmed(event.account_id, event.number) if isinstance(event, OrderPlaced) else None


def nothing(event: Event, recorded: Recorded) -> Contract | None:
    return None


def see(tx: Transaction, received: Received) -> None:
    """The effect that tests count: one row per message handled, without any uniqueness of its own."""
    order: Confirmed = received.data
    statement = "INSERT INTO seen (account_id, number, position) VALUES (%s, %s, %s)"
    connection_of(tx).exec_driver_sql(statement, (order.account_id, order.number, received.position))


def eventually(true: Callable[[], Any], within: float = 20.0) -> Any:
    """The first truthy answer; fails when none came in time."""
    deadline = time.monotonic() + within
    while not (answer := true()):
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)
    return answer


@dataclass
class Shop:
    """One service with its database; `running()` runs a worker of it in a thread."""

    service: str
    engine: Engine
    nats: NatsSettings
    handlers: Mapping[type[Foreign], Handler] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.store = SqlEventStore(self.engine, TABLES, REGISTRY, MemorySealer(), traceparent=current_traceparent)
        self.versions: Counter[str] = Counter()

    def parts(self) -> WorkerParts:
        defaults: dict[str, Any] = {
            "service": self.service,
            "engine": self.engine,
            "store": self.store,
            "tables": TABLES,
            "registry": REGISTRY,
            "translate": translate if self.service == "assets" else nothing,
            "handlers": self.handlers,
            "nats": self.nats,
            "link": BusLink(),
            "tasks": TaskQueue(TABLES),
            "partition_beat_s": 0.25,
        }
        return WorkerParts(**{**defaults, **self.extra})

    @contextmanager
    def running(self) -> Iterator["Running"]:
        worker = Running(self.parts())
        try:
            yield worker
        finally:
            worker.stop()

    def place(self, account: str, count: int = 1) -> None:
        """Append `count` orders of an account in one transaction."""
        first = self.versions[account]
        with self.store.transaction() as tx:
            events = [OrderPlaced(account, first + n) for n in range(1, count + 1)]
            tx.append(Stream.of("orders", account, account), first, events)
        self.versions[account] += count

    def note(self, count: int = 1) -> None:
        with self.store.transaction() as tx:
            tx.append(Stream.of("notes", uuid4().hex, ""), 0, [NoteTaken(n) for n in range(count)])

    def seen(self) -> list[tuple[str, int]]:
        """The effects, in the order in which they were committed."""
        return [tuple(row) for row in self.rows("SELECT account_id, number FROM seen ORDER BY id")]

    def rows(self, statement: str, *values: Any) -> list[Any]:
        with self.engine.begin() as connection:
            result = connection.exec_driver_sql(statement, values)
            return list(result.all()) if result.returns_rows else []


class Running:
    """A worker in a thread of its own. `stop` is SIGTERM's way; `vanish` leaves its leases behind."""

    def __init__(self, parts: WorkerParts) -> None:
        self.parts = parts
        self.error: BaseException | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(5)

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:
            self.error = error
        finally:
            self._ready.set()

    async def _main(self) -> None:
        self.worker = Worker(self.parts)
        self.loop = asyncio.get_running_loop()
        self._ready.set()
        await self.worker.run()

    def stop(self) -> None:
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.worker.stop.set)
            self._thread.join(20)
        assert not self._thread.is_alive(), "the worker did not stop"
        if self.error is not None:
            raise self.error

    def partitions(self) -> frozenset[int]:
        return self.worker.consumers[0].partitions


def engine_of(dsn: str) -> Engine:
    return create_engine(dsn.replace("postgresql://", "postgresql+psycopg://", 1), pool_size=12)


SEEN = "CREATE TABLE seen (id bigserial PRIMARY KEY, account_id text, number int, position bigint)"
