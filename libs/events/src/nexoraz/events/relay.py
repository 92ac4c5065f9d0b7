"""The relay: publishes what is public from the event store, in commit order, and repairs the bus from the store.

One relay per service is active: it holds a session advisory lock on the very connection with which it reads events and
writes its checkpoint, so losing the lock stops it. The bus is never the truth: after every start, fault or
reconnect the tail of the stream is compared with the checkpoint, and what is missing is published again.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import nats.errors
import psycopg
import structlog
from nats.aio.client import Client
from opentelemetry import trace as tracing
from opentelemetry.trace import Span, SpanKind
from sqlalchemy import Engine

from nexoraz.events import jetstream
from nexoraz.events.bus import NatsSettings, connect
from nexoraz.events.checkpoint import Checkpoint, Connection, catch_up_positions, save, saved_checkpoint
from nexoraz.events.contracts import Contract, Outgoing, outgoing
from nexoraz.events.event import Event, Recorded, Stream
from nexoraz.events.jetstream import BusRefused, BusUnavailable
from nexoraz.events.publishing import ChainedPublisher, Diverged
from nexoraz.events.registry import Registry
from nexoraz.events.tracing import is_recorded, parent_of, traceparent_of

Translate = Callable[[Event, Recorded], Contract | None]

RELAY_LOCK = 7265002
BATCH = 1_000
POLL_S = 0.25
LOOK_EVERY_S = 10.0
"""How often an idle relay looks whether its stream is still the one that it knows."""
STUCK_S = 5.0
BUS_FAULTS = (BusUnavailable, BusRefused, Diverged, nats.errors.Error, OSError)
log = structlog.get_logger()
tracer = tracing.get_tracer("nexoraz.events")

_decode = msgspec.json.Decoder().decode
AFTER = """
SELECT e.position, e.id, e.stream, e.version, e.type, e.account_id, e.occurred_at, e.data::text,
       e.causation_id, e.traceparent,
       e.account_id <> '' AND EXISTS (SELECT 1 FROM erased_accounts x WHERE x.account_id = e.account_id)
FROM events e WHERE e.position > %s ORDER BY e.position LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class _Batch:
    """What is public among some events in a row, and the position of the last of these events (0: there are none).

    spans: of the messages whose trace is recorded; they end when the messages are stored.
    """

    messages: list[Outgoing]
    end: int
    spans: list[Span]


class Relay:
    """Runs in the worker's loop. `hint` may be called from any thread."""

    def __init__(
        self, service: str, engine: Engine, registry: Registry, translate: Translate, nats: NatsSettings
    ) -> None:
        self._service = service
        self._conninfo = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._registry = registry
        self._translate = translate
        self._nats = nats
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._publisher: ChainedPublisher | None = None
        self._faults = 0
        self.active = False
        self.position = 0
        self.stuck = ""
        self.refused = ""

    def hint(self) -> None:
        """Something was committed. Cheap, thread-safe; a lost hint costs at most the polling interval."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._woken.set)

    async def run(self, stop: asyncio.Event) -> None:
        """Wait to be the one active relay, and relay until `stop`. Faults of PostgreSQL are waited out."""
        self._loop = asyncio.get_running_loop()
        while not stop.is_set():
            try:
                async with await self._open() as pg:
                    if await self._lead(pg, stop):
                        log.info("relay active", service=self._service)
                        await self._relay(pg, stop)
            except psycopg.Error as error:
                log.warning("relay lost its database", service=self._service, error=type(error).__name__)
                await _pause(stop, 0.5)
            finally:
                self.active = False

    async def _open(self) -> Connection:
        pg = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True, application_name="nexoraz-relay")
        # A checkpoint that a crash takes back is found again in the stream's tail (_reconcile): nobody waits for it.
        await pg.execute("SET synchronous_commit = off")
        await pg.execute("SET TimeZone = 'UTC'")  # by this name the driver has a short way
        return pg

    async def _lead(self, pg: Connection, stop: asyncio.Event) -> bool:
        while not stop.is_set():
            cursor = await pg.execute("SELECT pg_try_advisory_lock(%s)", (RELAY_LOCK,))
            row = await cursor.fetchone()
            if row is not None and row[0]:
                return True
            await _pause(stop, 1.0)
        return False

    async def _relay(self, pg: Connection, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self._connected(pg, stop)
            except BUS_FAULTS as fault:
                self.active = False
                self._faults += 1
                self.refused = str(fault) if isinstance(fault, BusRefused) else ""
                log.warning("relay begins again", service=self._service, fault=type(fault).__name__, reason=str(fault))
                await _pause(stop, min(0.05 * 2 ** min(self._faults, 6), 2.0))
                await pg.execute("SELECT 1")
            except psycopg.Error:
                raise
            except Exception as error:  # an event that cannot be read or translated is told, never skipped
                self.stuck = type(error).__name__
                log.error("relay stuck", service=self._service, after=self.position, error=self.stuck)
                await _pause(stop, STUCK_S)

    async def _connected(self, pg: Connection, stop: asyncio.Event) -> None:
        self._publisher = None
        client = await connect(self._nats, f"{self._service}-relay", reconnect=False, on_lost=self._interrupted)
        try:
            self._publisher = publisher = ChainedPublisher(client)
            await publisher.start()
            at = await self._reconcile(pg, client)
            self.active = True
            await self._forward(pg, client, publisher, at, stop)
        finally:
            with contextlib.suppress(Exception):
                await client.close()

    def _interrupted(self) -> None:
        self._woken.set()
        if self._publisher is not None:
            self._publisher.broke()

    async def _forward(
        self, pg: Connection, client: Client, publisher: ChainedPublisher, at: Checkpoint, stop: asyncio.Event
    ) -> None:
        loop = asyncio.get_running_loop()
        looked = loop.time()
        while not stop.is_set():
            self._woken.clear()
            if client.is_closed:
                raise BusUnavailable("the connection was lost")
            batch = await self._after(pg, at.position)
            while batch.end and not stop.is_set():
                at, batch = await self._publish(pg, publisher, batch, at)
                self._faults, looked = 0, loop.time()
            if loop.time() - looked > LOOK_EVERY_S:
                await self._still_there(client, at)
                looked = loop.time()
            await self._idle(pg)

    async def _after(self, pg: Connection, position: int) -> "_Batch":
        rows = await (await pg.execute(AFTER, (position, BATCH), prepare=True, binary=True)).fetchall()
        messages: list[Outgoing] = []
        spans: list[Span] = []
        end = 0
        for row in rows:
            try:
                message = self._outgoing(row, spans)
            except Exception:
                if end == 0:
                    raise
                break  # first publish what comes before it
            if message is not None:
                messages.append(message)
            end = row[0]
        return _Batch(messages, end, spans)

    async def _publish(
        self, pg: Connection, publisher: ChainedPublisher, batch: "_Batch", at: Checkpoint
    ) -> tuple[Checkpoint, "_Batch"]:
        """Publish a batch, and make the next one while it is on its way."""
        ahead = asyncio.create_task(self._after(pg, batch.end))
        try:
            sequence = at.sequence
            if batch.messages:
                # Twice at fault without a message accepted in between: perhaps the server still knows an id.
                sequence = await publisher.publish(batch.messages, sequence, careful=self._faults > 1)
        finally:
            await asyncio.wait([ahead])
        for span in batch.spans:
            span.end()
        at = replace(at, position=batch.end, sequence=sequence)
        await self._save(pg, at)
        self.stuck = self.refused = ""
        return at, ahead.result()

    def _outgoing(self, row: tuple[Any, ...], spans: list[Span]) -> Outgoing | None:
        position, id_, name, version, type_, account, at, data, causation, trace, erased = row
        if erased:
            return None
        stream = Stream(name, account)
        event = self._registry.decode(type_, _decode(data), stream, version, None)
        recorded = Recorded(position, id_, stream, version, at, event, causation, trace)
        contract = self._translate(event, recorded)
        if contract is not None and is_recorded(trace):
            name = f"publish {contract.type_name().split('.')[-2]}"
            spans.append(tracer.start_span(name, context=parent_of(trace), kind=SpanKind.PRODUCER))
            recorded = msgspec.structs.replace(recorded, traceparent=traceparent_of(spans[-1]) or trace)
        return None if contract is None else outgoing(recorded, contract)

    async def _reconcile(self, pg: Connection, client: Client) -> Checkpoint:
        """Where to go on: after what the stream holds, whatever the checkpoint hoped."""
        saved = await saved_checkpoint(pg)
        state = await jetstream.stream_state(client, self._service)
        if state is None:
            nats = self._nats
            state = await jetstream.create_stream(client, self._service, nats.replicas, nats.max_message_bytes)
        tail = await jetstream.stored_tail(client, self._service) if state.messages else None
        known = tail.position if tail else 0
        if saved.identity == state.identity and saved.sequence <= state.last_sequence:
            known = max(known, saved.position)
        else:
            lost = saved.sequence > state.last_sequence and saved.identity == state.identity
            if lost:
                state = await jetstream.begin_epoch(client, self._service, state)
            if saved.identity:
                log.warning("bus is filled again", service=self._service, after=known, lost_tail=lost)
        await catch_up_positions(pg, known, self._service)
        at = Checkpoint(known, state.last_sequence, state.identity)
        await self._save(pg, at)
        return at

    async def _still_there(self, client: Client, at: Checkpoint) -> None:
        state = await jetstream.stream_state(client, self._service)
        if state is None or state.identity != at.identity or state.last_sequence != at.sequence:
            raise Diverged("the stream changed while nothing was published")

    async def _save(self, pg: Connection, at: Checkpoint) -> None:
        await save(pg, at)
        self.position = at.position

    async def _idle(self, pg: Connection) -> None:
        """Wait for a hint; a dead database is noticed by the next query."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_S * random.uniform(0.8, 1.2)):  # noqa: S311 - spreads polling, no secret
                await self._woken.wait()
        if pg.closed:
            raise psycopg.OperationalError("the connection that holds the lock was closed")


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, but not beyond `stop`."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
