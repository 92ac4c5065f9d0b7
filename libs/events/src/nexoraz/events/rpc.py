"""Requests between services for what must not be persisted (core NATS): nothing of them is ever stored.

A handler answers bytes or refuses with a reason; both are bounded in size and time. It learns who asks from the inbox
to which the answer goes: the server lets each user read its own inbox only, so a false name gets no answer.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from nexoraz.events.bus import BusLink
from nexoraz.events.jetstream import BusUnavailable

RpcHandler = Callable[[str, bytes], bytes]
"""(who asks, the question) -> the answer."""
MAX_BYTES = 65_536
HANDLER_TIMEOUT_S = 10.0
THREADS = 4
WAITING = 64
REFUSED = "nx-refused"
FAILED = "nx-failed"
log = structlog.get_logger()


class RpcRefused(Exception):
    """The other side says no. reason: a kebab-case word, such as "not-found"; never personal data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RpcUnavailable(BusUnavailable):
    """Nobody answered in time, or the answering side failed. The request may have been carried out."""


class RpcClient:
    """Asks other services, from the threads of tasks."""

    def __init__(self, link: BusLink) -> None:
        self._link = link

    def request(self, subject: str, payload: bytes, timeout_s: float = 5.0) -> bytes:
        """The answer. Raises RpcRefused, or RpcUnavailable."""
        if len(payload) > MAX_BYTES:
            raise ValueError(f"a request holds at most {MAX_BYTES} bytes")
        try:
            reply = self._link.call(lambda nc: nc.request(subject, payload, timeout=timeout_s), timeout_s + 1)
        except (nats.errors.Error, BusUnavailable) as error:
            raise RpcUnavailable(f"{subject}: {type(error).__name__}") from error
        headers = reply.headers or {}
        if REFUSED in headers:
            raise RpcRefused(headers[REFUSED])
        if FAILED in headers:
            raise RpcUnavailable(f"{subject}: {headers[FAILED]}")
        return reply.data


class RpcServer:
    """Answers requests of this service; its replicas share them as a queue group."""

    def __init__(self, service: str, handlers: Mapping[str, RpcHandler]) -> None:
        wrong = [subject for subject in handlers if not subject.startswith(f"rpc.{service}.")]
        if wrong:
            raise ValueError(f"{service} cannot answer {', '.join(wrong)}")
        self._service = service
        self._handlers = handlers
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="rpc")
        self._running: set[asyncio.Task[None]] = set()

    async def start(self, client: Client) -> None:
        for subject in self._handlers:
            await client.subscribe(subject, queue=f"rpc-{self._service}", cb=self._arrived)

    async def stop(self) -> None:
        """Finish what is being answered."""
        if self._running:
            await asyncio.wait(self._running, timeout=HANDLER_TIMEOUT_S)
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _arrived(self, msg: Msg) -> None:
        asker = asker_of(msg.reply)
        if asker is None:
            return  # an answer to any other subject could be stored there, or be read by somebody else
        if len(self._running) >= WAITING:
            await _fail(msg, "busy")
            return
        task = asyncio.create_task(self._answer(asker, msg))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _answer(self, asker: str, msg: Msg) -> None:
        if len(msg.data) > MAX_BYTES:
            await _fail(msg, "too-large")
            return
        try:
            loop = asyncio.get_running_loop()
            work = loop.run_in_executor(self._pool, self._handlers[msg.subject], asker, msg.data)
            answer = await asyncio.wait_for(work, HANDLER_TIMEOUT_S)
            if len(answer) > MAX_BYTES:
                raise ValueError("the answer is too large")
            await _reply(msg, answer, None)
        except RpcRefused as refused:
            await _reply(msg, b"", {REFUSED: refused.reason})
        except Exception as error:  # whatever a handler raises, the asker gets an answer and the operator a line
            log.error("rpc failed", subject=msg.subject, error=type(error).__name__)
            await _fail(msg, "failed")


def asker_of(reply: str) -> str | None:
    """The user who alone may read what is sent to this inbox; None when it is no user's inbox."""
    prefix, _, rest = reply.partition(".")
    user, _, inbox = rest.partition(".")
    return user if prefix == "_INBOX" and user and inbox else None


async def _fail(msg: Msg, reason: str) -> None:
    await _reply(msg, b"", {FAILED: reason})


async def _reply(msg: Msg, data: bytes, headers: dict[str, str] | None) -> None:
    try:
        await msg._client.publish(msg.reply, data, headers=headers)
    except nats.errors.Error as error:
        log.warning("rpc answer lost", subject=msg.subject, error=type(error).__name__)
