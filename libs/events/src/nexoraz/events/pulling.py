"""A pull consumer into a callback: two requests always outstanding, liveness by heartbeats, order checked.

The consumer on the server is ephemeral and acknowledges nothing; when anything is odd, it is thrown away and made anew
from the position that the database holds.
"""

import asyncio
import contextlib
from collections import deque
from time import monotonic
from uuid import uuid4

import msgspec
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from nexoraz.events import jetstream
from nexoraz.events.inbox import Incoming
from nexoraz.events.jetstream import API, BusRefused, BusUnavailable

REQUEST = 512
OUTSTANDING = 2
HIGH_WATER = 2_048
EXPIRES_S = 20.0
HEARTBEAT_S = 2.0
SILENCE_S = 5.0
"""Longer than two heartbeats: after such silence the consumer counts as gone."""


class Pull:
    """One run of a consumer over a stream, from a sequence on. `batch` raises BusUnavailable once it is broken."""

    def __init__(self, client: Client, producer: str, subjects: list[str], start: int) -> None:
        self._client = client
        self._producer = producer
        self._subjects = subjects
        self._start = start
        self._name = f"nx{uuid4().hex}"
        self._inbox = client.new_inbox()
        self._queue: deque[Incoming] = deque()
        self._arrived = asyncio.Event()
        self._wanted: deque[list[int]] = deque()
        self._requests = 0
        self._delivered = 0
        self._heard = monotonic()
        self._fault: str | None = None
        self.pending = 0
        self.answered = False

    async def __aenter__(self) -> "Pull":
        await jetstream.create_consumer(self._client, self._producer, self._name, self._subjects, self._start)
        self._subscription = await self._client.subscribe(f"{self._inbox}.*", cb=self._on)
        await self._ask()
        return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(nats.errors.Error, OSError):
            await self._subscription.unsubscribe()
        if self._client.is_connected:
            with contextlib.suppress(BusUnavailable, BusRefused):
                await jetstream.delete_consumer(self._client, self._producer, self._name)

    def broke(self, why: str = "the connection was interrupted") -> None:
        """Nothing more of this run can be trusted to be complete."""
        self._fault = self._fault or why
        self._arrived.set()

    def nudge(self) -> None:
        """Make a waiting `batch` return, with nothing."""
        self._arrived.set()

    @property
    def drained(self) -> bool:
        """Whether everything that the stream held for us has been handed out."""
        return self.pending == 0 and not self._queue and self._delivered > 0

    async def batch(self, most: int) -> list[Incoming]:
        """What has arrived, at most `most`; waits for the first. Empty after a nudge and when it stays quiet.
        Raises BusUnavailable."""
        if not self._queue:
            self._check()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_S):
                    await self._arrived.wait()
            self._arrived.clear()
        self._check()
        taken = [self._queue.popleft() for _ in range(min(most, len(self._queue)))]
        await self._ask()
        return taken

    def _check(self) -> None:
        if not self._queue and not self._fault and monotonic() - self._heard > SILENCE_S:
            self._fault = "no heartbeat"
        if self._fault:
            raise BusUnavailable(self._fault)

    async def _ask(self) -> None:
        body = {"batch": REQUEST, "expires": int(EXPIRES_S * 1e9), "idle_heartbeat": int(HEARTBEAT_S * 1e9)}
        subject = f"{API}.CONSUMER.MSG.NEXT.{jetstream.stream_name(self._producer)}.{self._name}"
        while len(self._wanted) < OUTSTANDING and len(self._queue) < HIGH_WATER:
            self._requests += 1
            self._wanted.append([self._requests, REQUEST])
            try:
                reply = f"{self._inbox}.{self._requests}"
                await self._client.publish(subject, msgspec.json.encode(body), reply)
            except (nats.errors.Error, OSError) as error:
                raise BusUnavailable(type(error).__name__) from error

    async def _on(self, msg: Msg) -> None:
        self._heard, self.answered = monotonic(), True
        headers = msg.headers or {}
        if "Status" in headers and not msg.reply.startswith("$JS.ACK"):
            await self._status(headers, msg.subject)
            return
        tokens = msg.reply.split(".")
        first = 5 if len(tokens) == 9 else 7
        sequence, delivered = int(tokens[first]), int(tokens[first + 1])
        if delivered != self._delivered + 1:
            self.broke(f"delivery {delivered} came after {self._delivered}")
            return
        self._delivered, self.pending = delivered, int(tokens[first + 3])
        self._queue.append(_incoming(msg, sequence, headers))
        self._arrived.set()
        if self._wanted:
            self._wanted[0][1] -= 1
            if self._wanted[0][1] <= 0:
                self._wanted.popleft()
                await self._ask()

    async def _status(self, headers: dict[str, str], subject: str) -> None:
        status, description = headers["Status"], headers.get("Description", "")
        if status == "100":
            return
        if status == "408" or (status == "404" and "message" in description.lower()):
            number = int(subject.rpartition(".")[2])
            self._wanted = deque(w for w in self._wanted if w[0] != number)
            await self._ask()
            return
        self.broke(f"{status} {description}")


def _incoming(msg: Msg, sequence: int, headers: dict[str, str]) -> Incoming:
    _, partition, key = msg.subject.rsplit(".", 2)
    try:
        position = int(headers.get("nx-position", ""))
    except ValueError:
        position = 0
    return Incoming(msg.subject, sequence, position, int(partition), key, headers, msg.data)
