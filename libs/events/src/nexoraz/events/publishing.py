"""Publishing in a strict chain: every message names the sequence that must precede it.

`Nats-Expected-Last-Sequence` makes the order on the wire certain: a message whose predecessor was lost, doubled or
overtaken by another publisher is refused by the server. So one acknowledgement speaks for all before it, and only every
`ACK_EVERY`th message asks for one.
"""

import asyncio
import re
from collections import deque
from collections.abc import Mapping, Sequence

import msgspec
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from nexoraz.events.contracts import Outgoing
from nexoraz.events.jetstream import BusRefused, BusUnavailable

ACK_EVERY = 128
WINDOW = 8
"""Acknowledgements that may be outstanding: at most ACK_EVERY * WINDOW messages are in flight."""
ACK_TIMEOUT_S = 5.0
UNSAFE = re.compile(r"[\s*>\x00]|\.\.|^\.|\.$")


class Diverged(Exception):
    """The stream is not where we thought: somebody else published, or messages or acknowledgements were lost."""


WRONG_LAST = frozenset({10060, 10070, 10071})
"""JetStream's codes for another last message than the expected one: by stream, message id, sequence."""


def _refusal(error: Mapping[str, object]) -> Diverged | BusRefused:
    """Another place in the stream than ours, or a server that stores nothing now, such as one with a full disk."""
    code, err_code, description = error.get("code"), error.get("err_code"), str(error.get("description"))
    if not isinstance(code, int) or not isinstance(err_code, int) or err_code in WRONG_LAST:
        return Diverged(description)
    return BusRefused(code, err_code, description)


class _Ack(msgspec.Struct):
    seq: int = 0
    duplicate: bool = False
    error: dict[str, object] | None = None


class ChainedPublisher:
    """Publishes on one connection, which must not reconnect: after any fault it is thrown away with it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._inbox = client.new_inbox()
        self._decode = msgspec.json.Decoder(_Ack).decode
        self._awaited: deque[int] = deque()
        self._arrived = asyncio.Event()
        self._fault: Exception | None = None
        self._subscription: Subscription | None = None

    async def start(self) -> None:
        self._subscription = await self._client.subscribe(f"{self._inbox}.*", cb=self._acknowledged)

    def broke(self) -> None:
        """The connection was lost: whoever waits for an acknowledgement learns it at once."""
        self._fail(BusUnavailable("the connection was lost"))

    async def publish(self, messages: Sequence[Outgoing], last: int, *, careful: bool = False) -> int:
        """Publish after stream sequence `last`; returns the new last sequence once all are stored.

        careful: one at a time, and a message that the server still knows by its id counts as stored. Raises
        Diverged or BusUnavailable, after which the stream must be looked at again.
        """
        if careful:
            for message in messages:
                last = await self._publish_one(message, last)
            return last
        try:
            for first in range(0, len(messages), ACK_EVERY):
                group = messages[first : first + ACK_EVERY]
                await self._send(group, last)
                last += len(group)
                if len(self._awaited) >= WINDOW:
                    await self._until(WINDOW // 2)
        except (nats.errors.Error, OSError) as error:
            raise BusUnavailable(type(error).__name__) from error
        await self._until(0)
        return last

    async def _send(self, group: Sequence[Outgoing], last: int) -> None:
        """Write a group in one piece; its last message asks for the acknowledgement of all.

        One call below `Client.publish`, which encodes and checks header by header: that alone took half of the relay's
        time. What it guards against, `wire` guards against.
        """
        if self._client.is_closed:
            raise nats.errors.ConnectionClosedError
        final = last + len(group)
        self._awaited.append(final)
        silent = [wire(m, last + n, "") for n, m in enumerate(group[:-1])]
        await self._client._send_command(b"".join([*silent, wire(group[-1], final - 1, f"{self._inbox}.{final}")]))
        await self._client._flush_pending()
        await asyncio.sleep(0)  # lets the writer write, so that the server works while we encode

    async def _publish_one(self, message: Outgoing, last: int) -> int:
        message.headers["Nats-Expected-Last-Sequence"] = str(last)
        try:
            reply = await self._client.request(
                message.subject, message.payload, timeout=ACK_TIMEOUT_S, headers=message.headers
            )
        except (nats.errors.Error, TimeoutError, OSError) as error:
            raise BusUnavailable(type(error).__name__) from error
        ack = self._decode(reply.data)
        if ack.error is not None:
            raise _refusal(ack.error)
        return last if ack.duplicate else ack.seq

    async def _until(self, outstanding: int) -> None:
        while len(self._awaited) > outstanding or self._fault:
            if self._fault:
                raise self._fault
            self._arrived.clear()
            try:
                async with asyncio.timeout(ACK_TIMEOUT_S):
                    await self._arrived.wait()
            except TimeoutError as error:
                raise BusUnavailable(f"no acknowledgement within {ACK_TIMEOUT_S} s") from error

    async def _acknowledged(self, msg: Msg) -> None:
        if not msg.data:
            self._fail(BusUnavailable("no stream takes the subject"))
            return
        ack = self._decode(msg.data)
        if ack.error is not None:
            self._fail(_refusal(ack.error))
        elif not self._awaited or ack.duplicate or ack.seq != self._awaited[0]:
            self._fail(Diverged(f"message stored at {ack.seq}"))
        else:
            self._awaited.popleft()
            self._arrived.set()

    def _fail(self, fault: Exception) -> None:
        self._fault = self._fault or fault
        self._arrived.set()


def wire(message: Outgoing, last: int, reply: str) -> bytes:
    """The HPUB command of the NATS protocol. Raises ValueError for what would break out of its line."""
    lines = [f"{name}: {value}" for name, value in message.headers.items()]
    text = "\r\n".join(lines)
    if text.count("\n") >= len(lines) or text.count("\r") >= len(lines) or UNSAFE.search(message.subject):
        raise ValueError(f"the message at position {message.position} does not fit the protocol")
    head = f"NATS/1.0\r\nNats-Expected-Last-Sequence: {last}\r\n{text}\r\n\r\n".encode()
    size, payload = len(head), message.payload
    command = f"HPUB {message.subject} {reply} {size} {size + len(payload)}\r\n".encode()
    return b"".join((command, head, payload, b"\r\n"))
