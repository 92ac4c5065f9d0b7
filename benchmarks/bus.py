"""The bus: relay, consumer and latency, each beside its ceiling in the same run.

`run(env)` is called by the bench runner; `python benchmarks/bus.py` starts the parts by itself.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing import Pipe, get_context
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated, Any, ClassVar, Protocol
from uuid import uuid4

import msgspec
import nats
import psycopg
import structlog
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from figures import Figure
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from sqlalchemy import Engine, MetaData, create_engine, inspect

from nexoraz.events import jetstream
from nexoraz.events.bus import BusLink, NatsSettings, connect
from nexoraz.events.classification import Fact, Id, Personal
from nexoraz.events.consumer import Consumer
from nexoraz.events.contracts import Contract, Foreign, Received, outgoing
from nexoraz.events.event import Event, Recorded, Stream
from nexoraz.events.hints import RelayHint
from nexoraz.events.inbox import Inbox, Together
from nexoraz.events.migrations import create_kernel_tables_v1
from nexoraz.events.registry import Registry
from nexoraz.events.relay import Relay
from nexoraz.events.schema import KernelTables
from nexoraz.events.sql_store import SqlEventStore, connection_of
from nexoraz.events.store import Transaction
from nexoraz.events.tasks import TaskQueue
from nexoraz.events.testing.fakes import MemorySealer
from nexoraz.events.worker import WorkerParts, run_worker
from nexoraz.local.testing.real import RealNats, RealPostgres

EVENTS = 20_000
REPEATS = 3
RATE = 200
LATENCIES = 600
TABLES = KernelTables(MetaData())


class Environment(Protocol):
    """Where the parts are. `database()` gives the DSN of a new empty database."""

    nats_url: str

    def database(self) -> str: ...

    def password(self, user: str) -> str: ...


class PhotoUploaded(Event, frozen=True):
    account_id: Id
    photo_id: Id
    title: Annotated[str, Personal("user.content")]
    size: Fact[int]


class PhotoSeen(Event, frozen=True):
    account_id: Id
    photo_id: Id


class Uploaded(Contract, frozen=True):
    service: ClassVar[str] = "assets"
    account_id: Id
    photo_id: Id
    size: Fact[int]


class UploadedView(Foreign, frozen=True):
    source: ClassVar[str] = "nexoraz.assets.uploaded.v1"
    account_id: str
    photo_id: str


REGISTRY = Registry.of([PhotoUploaded, PhotoSeen])


def translate(event: Event, _: Recorded) -> Contract | None:
    return Uploaded(event.account_id, event.photo_id, event.size) if isinstance(event, PhotoUploaded) else None


def silent(_event: Event, _recorded: Recorded) -> None:
    return None


class Service:
    """One service with the kernel's tables in a database of its own."""

    def __init__(self, name: str, dsn: str, nats_settings: NatsSettings) -> None:
        self.name = name
        self.dsn = dsn
        self.nats = nats_settings
        self.engine: Engine = create_engine(self.dsn.replace("postgresql://", "postgresql+psycopg://", 1))
        with self.engine.begin() as connection:
            if not inspect(connection).has_table("events"):
                create_kernel_tables_v1(Operations(MigrationContext.configure(connection)))
        self.store = SqlEventStore(self.engine, TABLES, REGISTRY, MemorySealer())

    def upload(self, account: str, count: int) -> None:
        with self.store.transaction() as tx:
            events = [PhotoUploaded(account, uuid4().hex, "a title", n) for n in range(count)]
            tx.append(Stream.of("photos", uuid4().hex, account), 0, events)

    def scalar(self, statement: str) -> Any:
        with self.engine.connect() as connection:
            return connection.exec_driver_sql(statement).scalar()


async def publish_async_rate(service: Service) -> float:
    """nats-py's own pipelining, as far as its users get: windows of 256 futures, same headers and payloads."""
    client = await connect(service.nats, service.name, reconnect=False)
    stream = client.jetstream()
    account = uuid4().hex
    recorded = Recorded(1, uuid4(), Stream.of("photos", "x", account), 1, datetime.now(UTC), None)
    messages = []
    for _ in range(EVENTS):
        one = msgspec.structs.replace(recorded, id=uuid4())
        messages.append(outgoing(one, Uploaded(account, uuid4().hex, 1)))
    started = time.perf_counter()
    for first in range(0, EVENTS, 256):
        window = [
            await stream.publish_async(m.subject, m.payload, headers=m.headers) for m in messages[first : first + 256]
        ]
        await asyncio.gather(*window)
    rate = EVENTS / (time.perf_counter() - started)
    await client.close()
    return rate


async def relay_rate(service: Service) -> float:
    """From a backlog in the store to the last acknowledgement and checkpoint."""
    relay = Relay(service.name, service.engine, REGISTRY, translate, service.nats)
    stop = asyncio.Event()
    goal = service.scalar("SELECT max(position) FROM events")
    running = asyncio.create_task(relay.run(stop))
    while not relay.active:  # noqa: ASYNC110 - measured from outside, so that nothing is added to it
        await asyncio.sleep(0.001)
    started = time.perf_counter()
    first = relay.position
    while relay.position < goal:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.002)
    elapsed = time.perf_counter() - started
    stop.set()
    relay.hint()
    await running
    return float(goal - first) / elapsed


async def fetch_rate(env: Environment, durable: str) -> float:
    """nats-py: fetch(256) and one acknowledgement each, without any effect."""
    client = await nats.connect(env.nats_url, user="operator", password=env.password("operator"))
    stream = client.jetstream()
    pull = await stream.pull_subscribe("nexoraz.assets.uploaded.v1.*.*", durable=durable, stream="NEXORAZ_ASSETS")
    done = 0
    started = time.perf_counter()
    while done < EVENTS:
        for message in await pull.fetch(256, timeout=5):
            await message.ack()
            done += 1
    rate = done / (time.perf_counter() - started)
    await client.close()
    return rate


def project(tx: Transaction, received: Received) -> None:
    seen: UploadedView = received.data
    tx.append(Stream.of("seen", seen.photo_id, seen.account_id), 0, [PhotoSeen(seen.account_id, seen.photo_id)])


def project_many(tx: Transaction, batch: Sequence[Received]) -> None:
    columns = [r.data.photo_id for r in batch], [r.data.account_id for r in batch]
    statement = "INSERT INTO seen SELECT * FROM unnest(%s::text[], %s::text[])"
    connection_of(tx).exec_driver_sql(statement, columns)


async def consume_rate(service: Service) -> float:
    """From the stream to effects committed exactly once: a row of a read model for each message."""
    with service.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE seen (photo_id text PRIMARY KEY, account_id text)")
    link = BusLink()
    client = await connect(service.nats, service.name, reconnect=True)
    link.attach(client)
    inbox = Inbox("assets", service.engine, service.store, {UploadedView: Together(project_many)})
    consumer = Consumer(inbox, link)
    stop = asyncio.Event()
    started = time.perf_counter()
    consumer.assign(frozenset(range(64)))
    running = asyncio.create_task(consumer.run(stop))
    while await asyncio.to_thread(service.scalar, "SELECT count(*) FROM seen") < EVENTS:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.05)
    rate = EVENTS / (time.perf_counter() - started)
    stop.set()
    await running
    await client.close()
    return rate


def quiet() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))


def _work(name: str, dsn: str, nats_settings: NatsSettings, effects: Any) -> None:
    """A worker process; tells the moment after the commit of each effect."""
    quiet()
    service = Service(name, dsn, nats_settings)

    def effect(tx: Transaction, received: Received) -> None:
        project(tx, received)
        key = received.key
        tx.after_commit(lambda: effects.send((key, time.time())))

    parts = WorkerParts(
        service=name,
        engine=service.engine,
        store=service.store,
        tables=TABLES,
        registry=REGISTRY,
        translate=translate if name == "assets" else silent,
        handlers={} if name == "assets" else {UploadedView: effect},
        nats=nats_settings,
        link=BusLink(),
        tasks=TaskQueue(TABLES),
    )
    run_worker(parts)


@contextmanager
def worker_process(service: Service) -> Iterator[Any]:
    ours, theirs = Pipe(duplex=False)
    arguments = (service.name, service.dsn, service.nats, theirs)
    process = get_context("spawn").Process(target=_work, args=arguments)
    process.start()
    try:
        yield ours
    finally:
        process.terminate()
        process.join()


def latencies(assets: Service, render: Service) -> list[float]:
    """Seconds from a commit in one process to the committed effect in another, over two worker processes."""
    hint = RelayHint(assets.engine)
    assets.store.hint = hint
    with worker_process(assets), worker_process(render) as effects:
        assets.upload("warm-up", 1)
        assert effects.poll(30)
        effects.recv()
        committed: dict[str, float] = {}
        for n in range(LATENCIES):
            due = time.perf_counter() + 1 / RATE
            account = f"account-{n}"
            assets.upload(account, 1)
            committed[account] = time.time()
            time.sleep(max(0.0, due - time.perf_counter()))
        found = {}
        while len(found) < LATENCIES and effects.poll(10):
            key, at = effects.recv()
            found[key] = at - committed[key]
    hint.close()
    return list(found.values())


async def floor_latencies(assets: Service, render: Service, operator: NatsSettings) -> list[float]:
    """The least that the same hops can cost, by hand in one process: a commit, a NOTIFY after it, a read, a message,
    and a transaction of position and effect."""
    publisher = await connect(assets.nats, "assets", reconnect=False)
    listener = await connect(operator, "operator", reconnect=False)
    connections = [
        await psycopg.AsyncConnection.connect(dsn, autocommit=True)
        for dsn in (assets.dsn, assets.dsn, assets.dsn, render.dsn)
    ]
    writing, waiting, reading, effects = connections
    await writing.execute("CREATE TABLE floor (id bigserial PRIMARY KEY, body text)")
    await effects.execute("CREATE TABLE floor (id bigint PRIMARY KEY, body text)")
    await effects.execute("CREATE TABLE place (position bigint)")
    await effects.execute("INSERT INTO place VALUES (0)")
    await waiting.execute("LISTEN floor")
    found: list[float] = []
    sent: dict[int, float] = {}

    async def arrived(message: Any) -> None:
        number = int(message.subject.rpartition(".")[2])
        async with effects.transaction():
            await effects.execute("UPDATE place SET position = %s WHERE position < %s", (number, number))
            await effects.execute("INSERT INTO floor VALUES (%s, 'x')", (number,))
        found.append(time.perf_counter() - sent[number])

    async def relay() -> None:
        last = 0
        async for _ in waiting.notifies():
            rows = await (await reading.execute("SELECT id FROM floor WHERE id > %s ORDER BY id", (last,))).fetchall()
            for (last,) in rows:
                await publisher.publish(f"nexoraz.assets.floor.v1.0.{last}", b"{}", headers={"nx-position": str(last)})

    config = ConsumerConfig(ack_policy=AckPolicy.NONE, deliver_policy=DeliverPolicy.NEW, mem_storage=True)
    subject, name = "nexoraz.assets.floor.v1.*.*", "NEXORAZ_ASSETS"
    await listener.jetstream().subscribe(subject, stream=name, config=config, cb=arrived, manual_ack=True)
    relaying = asyncio.create_task(relay())
    for number in range(1, LATENCIES + 1):
        due = time.perf_counter() + 1 / RATE
        await writing.execute("INSERT INTO floor (body) VALUES ('x')")
        sent[number] = time.perf_counter()
        await writing.execute("NOTIFY floor")
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
    await asyncio.sleep(0.5)
    relaying.cancel()
    await asyncio.wait([relaying])
    for closing in (publisher, listener, *connections):
        await closing.close()
    return found


def wipe(env: Environment) -> None:
    """No streams left."""

    async def purge() -> None:
        client = await nats.connect(env.nats_url, user="operator", password=env.password("operator"))
        for info in await client.jsm().streams_info():
            await client.jsm().delete_stream(info.config.name or "")
        await client.close()

    asyncio.run(purge())


def relay_figure(env: Environment) -> Figure:
    rates, references = [], []
    for _ in range(REPEATS):
        wipe(env)
        service = Service("assets", env.database(), settings(env, "assets"))
        for n in range(EVENTS // 1_000):
            service.upload(f"account-{n}", 1_000)
        rates.append(asyncio.run(relay_rate(service)))
        wipe(env)
        asyncio.run(make_stream(service))
        references.append(asyncio.run(publish_async_rate(service)))
    name = "relay, store to JetStream, deduplication id, strict order and checkpoint"
    return Figure(name, median(rates), "events/s", "publish_async in windows of 256", median(references), ">= 2.0")


async def make_stream(service: Service) -> None:
    client = await connect(service.nats, service.name, reconnect=False)
    await jetstream.create_stream(client, service.name, 1, 262_144)
    await client.close()


def consume_figure(env: Environment) -> Figure:
    wipe(env)
    assets = Service("assets", env.database(), settings(env, "assets"))
    for n in range(EVENTS // 20):
        assets.upload(f"account-{n}", 20)
    asyncio.run(relay_rate(assets))
    rates, references = [], []
    for repeat in range(REPEATS):
        render = Service("render", env.database(), settings(env, "render"))
        rates.append(asyncio.run(consume_rate(render)))
        references.append(asyncio.run(fetch_rate(env, f"fetch{repeat}")))
    name = "consume, JetStream to a row committed once for each message, positions included"
    return Figure(name, median(rates), "messages/s", "fetch(256) + ack", median(references), ">= 1.5")


def latency_figures(env: Environment) -> list[Figure]:
    wipe(env)
    assets = Service("assets", env.database(), settings(env, "assets"))
    render = Service("render", env.database(), settings(env, "render"))
    ours = sorted(latencies(assets, render))
    floor = sorted(asyncio.run(floor_latencies(assets, render, settings(env, "operator"))))
    name, reference = "commit to committed effect elsewhere at 200/s", "the same hops by hand in one process"
    return [
        Figure(f"{name}, p50", 1000 * median(ours), "ms", reference, 1000 * median(floor), "<= 2.0"),
        Figure(f"{name}, p99", 1000 * p99(ours), "ms", reference, 1000 * p99(floor), "<= 3.0"),
    ]


def p99(values: list[float]) -> float:
    return quantiles(values, n=100)[98]


def settings(env: Environment, service: str) -> NatsSettings:
    return NatsSettings(url=env.nats_url, user=service, password=env.password(service))


def run(env: Environment) -> list[Figure]:
    """All figures of the bus, from one run."""
    return [relay_figure(env), consume_figure(env), *latency_figures(env)]


class OwnParts:
    """An environment of its own, in a folder that goes when the program ends."""

    def __init__(self, folder: Path) -> None:
        self._postgres = RealPostgres(folder)
        self._nats = RealNats(folder)
        self.nats_url = self._nats.url

    def database(self) -> str:
        return self._postgres.dsn(self._postgres.create())

    def password(self, user: str) -> str:
        return self._nats.passwords[user]

    def stop(self) -> None:
        self._nats.stop()
        self._postgres.stop()


def main() -> None:
    quiet()
    with tempfile.TemporaryDirectory() as folder:
        env = OwnParts(Path(folder))
        try:
            for figure in run(env):
                mark = "met" if figure.met else "missed"
                print(
                    f"{figure.name}: {figure.value:,.1f} {figure.unit}; {figure.reference}: "
                    f"{figure.reference_value:,.1f}; ratio {figure.ratio:.2f} ({figure.target}, {mark})"
                )
        finally:
            env.stop()


if __name__ == "__main__":
    main()
