"""From a commit in one service to the committed effect in another, beside the least that the same hops can cost."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import Pipe, get_context
from statistics import median, quantiles
from typing import Any

import psycopg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from benchmarks.bus_services import (
    REGISTRY,
    TABLES,
    PhotoSeen,
    Service,
    UploadedView,
    quiet,
    settings,
    silent,
    translate,
    wipe,
)
from benchmarks.figures import Figure
from benchmarks.parts import Parts
from nexoraz.events.bus import BusLink, NatsSettings, connect
from nexoraz.events.contracts import Received
from nexoraz.events.event import Stream
from nexoraz.events.hints import RelayHint
from nexoraz.events.store import Transaction
from nexoraz.events.tasks import TaskQueue
from nexoraz.events.worker import WorkerParts, run_worker

RATE = 200
"""Commits per second."""


def project(tx: Transaction, received: Received) -> None:
    seen: UploadedView = received.data
    tx.append(Stream.of("seen", seen.photo_id, seen.account_id), 0, [PhotoSeen(seen.account_id, seen.photo_id)])


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


def latencies(assets: Service, render: Service, count: int) -> list[float]:
    """Seconds from a commit in one process to the committed effect in another, over two worker processes."""
    hint = RelayHint(assets.engine)
    assets.store.hint = hint
    with worker_process(assets), worker_process(render) as effects:
        assets.upload("warm-up", 1)
        assert effects.poll(30)
        effects.recv()
        committed: dict[str, float] = {}
        for n in range(count):
            due = time.perf_counter() + 1 / RATE
            account = f"account-{n}"
            assets.upload(account, 1)
            committed[account] = time.time()
            time.sleep(max(0.0, due - time.perf_counter()))
        found: dict[str, float] = {}
        while len(found) < count and effects.poll(10):
            key, at = effects.recv()
            found[key] = at - committed[key]
    hint.close()
    return list(found.values())


async def floor_latencies(assets: Service, render: Service, operator: NatsSettings, count: int) -> list[float]:
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
    for number in range(1, count + 1):
        due = time.perf_counter() + 1 / RATE
        await writing.execute("INSERT INTO floor (body) VALUES ('x')")
        sent[number] = time.perf_counter()
        await writing.execute("NOTIFY floor")
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
    await asyncio.sleep(0.5)
    relaying.cancel()
    await asyncio.wait([relaying])
    for client in (publisher, listener):
        await client.close()
    for connection in connections:
        await connection.close()
    return found


def latency_figures(parts: Parts) -> list[Figure]:
    wipe(parts)
    assets = Service("assets", parts.database(), settings(parts, "assets"))
    render = Service("render", parts.database(), settings(parts, "render"))
    ours = sorted(latencies(assets, render, parts.scale.latencies))
    floor = sorted(asyncio.run(floor_latencies(assets, render, settings(parts, "operator"), parts.scale.latencies)))
    name, reference = "commit to committed effect elsewhere at 200/s", "the same hops by hand in one process"
    return [
        Figure(f"{name}, p50", 1000 * median(ours), "ms", reference, 1000 * median(floor), "<= 2.0"),
        Figure(f"{name}, p99", 1000 * p99(ours), "ms", reference, 1000 * p99(floor), "<= 3.0"),
    ]


def p99(values: list[float]) -> float:
    return quantiles(values, n=100)[98]
