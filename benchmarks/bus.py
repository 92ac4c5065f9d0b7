"""The bus: relay and consumer, each beside its ceiling in the same run."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import median
from uuid import uuid4

import msgspec
import nats

from benchmarks.bus_services import REGISTRY, Service, Uploaded, UploadedView, settings, translate, wipe
from benchmarks.figures import Figure
from benchmarks.parts import Parts
from nexoraz.events import jetstream
from nexoraz.events.bus import BusLink, connect
from nexoraz.events.consumer import Consumer
from nexoraz.events.contracts import Received, outgoing
from nexoraz.events.event import Recorded, Stream
from nexoraz.events.inbox import Inbox, Together
from nexoraz.events.relay import Relay
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction


async def publish_async_rate(service: Service, count: int) -> float:
    """nats-py's own pipelining, as far as its users get: windows of 256 futures, same headers and payloads."""
    client = await connect(service.nats, service.name, reconnect=False)
    stream = client.jetstream()
    account = uuid4().hex
    recorded = Recorded(1, uuid4(), Stream.of("photos", "x", account), 1, datetime.now(UTC), None)
    messages = []
    for _ in range(count):
        one = msgspec.structs.replace(recorded, id=uuid4())
        messages.append(outgoing(one, Uploaded(account, uuid4().hex, 1)))
    started = time.perf_counter()
    for first in range(0, count, 256):
        window = [
            await stream.publish_async(m.subject, m.payload, headers=m.headers) for m in messages[first : first + 256]
        ]
        await asyncio.gather(*window)
    rate = count / (time.perf_counter() - started)
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


async def fetch_rate(parts: Parts, durable: str) -> float:
    """nats-py: fetch(256) and one acknowledgement each, without any effect."""
    client = await nats.connect(parts.nats_url, user="operator", password=parts.password("operator"))
    stream = client.jetstream()
    pull = await stream.pull_subscribe("nexoraz.assets.uploaded.v1.*.*", durable=durable, stream="NEXORAZ_ASSETS")
    done = 0
    started = time.perf_counter()
    while done < parts.scale.events:
        for message in await pull.fetch(256, timeout=5):
            await message.ack()
            done += 1
    rate = done / (time.perf_counter() - started)
    await client.close()
    return rate


def project_many(tx: Transaction, batch: Sequence[Received]) -> None:
    columns = [r.data.photo_id for r in batch], [r.data.account_id for r in batch]
    statement = "INSERT INTO seen SELECT * FROM unnest(%s::text[], %s::text[])"
    connection_of(tx).exec_driver_sql(statement, columns)


async def consume_rate(service: Service, count: int) -> float:
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
    while await asyncio.to_thread(service.scalar, "SELECT count(*) FROM seen") < count:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.05)
    rate = count / (time.perf_counter() - started)
    stop.set()
    await running
    await client.close()
    return rate


def relay_figure(parts: Parts) -> list[Figure]:
    rates, references = [], []
    for _ in range(parts.scale.rounds):
        wipe(parts)
        service = Service("assets", parts.database(), settings(parts, "assets"))
        for n in range(parts.scale.events // 1_000):
            service.upload(f"account-{n}", 1_000)
        rates.append(asyncio.run(relay_rate(service)))
        wipe(parts)
        asyncio.run(make_stream(service))
        references.append(asyncio.run(publish_async_rate(service, parts.scale.events)))
    name = "relay, store to JetStream, deduplication id, strict order and checkpoint"
    return [Figure(name, median(rates), "events/s", "publish_async in windows of 256", median(references), ">= 2.0")]


async def make_stream(service: Service) -> None:
    client = await connect(service.nats, service.name, reconnect=False)
    await jetstream.create_stream(client, service.name, 1, 262_144)
    await client.close()


def consume_figure(parts: Parts) -> list[Figure]:
    wipe(parts)
    assets = Service("assets", parts.database(), settings(parts, "assets"))
    for n in range(parts.scale.events // 20):
        assets.upload(f"account-{n}", 20)
    asyncio.run(relay_rate(assets))
    rates, references = [], []
    for repeat in range(parts.scale.rounds):
        render = Service("render", parts.database(), settings(parts, "render"))
        rates.append(asyncio.run(consume_rate(render, parts.scale.events)))
        references.append(asyncio.run(fetch_rate(parts, f"fetch{repeat}")))
    name = "consume, JetStream to a row committed once for each message, positions included"
    return [Figure(name, median(rates), "messages/s", "fetch(256) + ack", median(references), ">= 1.5")]
