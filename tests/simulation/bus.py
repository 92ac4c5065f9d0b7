"""JetStream and core NATS as the kernel's own code meets them: requests to the API, publishing in chains, answers.

A stream keeps its order, refuses what does not follow the sequence that the message names, and knows for two minutes
the ids that it stored. Connections break before a message is stored, or after it and before the acknowledgement.
"""

import base64
import json
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, TypeVar

from nexoraz.events.jetstream import DUPLICATE_WINDOW_NS, BusUnavailable
from nexoraz.events.rpc import FAILED, REFUSED, RpcRefused
from tests.simulation.chance import Clock
from tests.simulation.stage import Stage

T = TypeVar("T")
NOT_FOUND = {"error": {"code": 404, "err_code": 10059, "description": "stream not found"}}
NO_MESSAGE = {"error": {"code": 404, "err_code": 10037, "description": "no message found"}}
Answering = Callable[[str, str, bytes], bytes]


def finished(work: Coroutine[Any, Any, T] | Generator[Any, Any, T]) -> T:
    """What a coroutine gives that never has to wait here."""
    try:
        for _ in range(10_000):
            work.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    raise AssertionError("it waits for something that never comes")


@dataclass(frozen=True, slots=True)
class Stored:
    sequence: int
    subject: str
    headers: dict[str, str]
    payload: bytes


@dataclass
class Stream:
    created: str
    config: dict[str, Any]
    last: int = 0
    messages: list[Stored] = field(default_factory=list)
    known: dict[str, tuple[int, int]] = field(default_factory=dict)

    def state(self) -> dict[str, Any]:
        state = {"last_seq": self.last, "messages": len(self.messages)}
        return {"config": self.config, "created": self.created, "state": state}


class Bus:
    """The server. trouble: asked before each thing that could fail; says whether it does."""

    def __init__(self, clock: Clock, stage: Stage) -> None:
        self.clock = clock
        self.stage = stage
        self.streams: dict[str, Stream] = {}
        self.answering: dict[str, Answering] = {}
        self.trouble: Callable[[str], bool] = lambda _kind: False
        self.count = 0

    def snapshot(self) -> dict[str, Any]:
        return {
            name: (s.created, s.config, s.last, list(s.messages), dict(s.known)) for name, s in self.streams.items()
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        self.streams = {
            name: Stream(created, config, last, list(messages), dict(known))
            for name, (created, config, last, messages, known) in snapshot.items()
        }
        self.count = 0

    def wipe(self, service: str) -> None:
        """The stream and its disk are gone."""
        self.streams.pop(f"NEXORAZ_{service.upper()}", None)

    def of(self, service: str) -> list[Stored]:
        stream = self.streams.get(f"NEXORAZ_{service.upper()}")
        return stream.messages if stream else []

    def publish(self, subject: str, headers: dict[str, str], payload: bytes) -> dict[str, Any]:
        """Store a message; the acknowledgement."""
        stream = self.streams.get(f"NEXORAZ_{subject.split('.')[1].upper()}")
        if stream is None:
            raise BusUnavailable("no stream takes the subject")
        sent = dict(headers)
        expected = int(sent.pop("Nats-Expected-Last-Sequence"))
        id_, window = sent["Nats-Msg-Id"], DUPLICATE_WINDOW_NS // 1_000
        sequence, at = stream.known.get(id_, (0, 0))
        if sequence and self.clock.at - at < window:
            return {"seq": sequence, "duplicate": True}
        if expected != stream.last:
            return {"error": {"code": 400, "err_code": 10071, "description": f"wrong last sequence: {stream.last}"}}
        stream.last += 1
        stream.known[id_] = (stream.last, self.clock.at)
        stream.messages.append(Stored(stream.last, subject, sent, payload))
        self.stage.note(f"stored {subject} {stream.last} {sent['nx-position']}")
        return {"seq": stream.last}

    def request(self, subject: str, asker: str, body: bytes) -> Any:
        """One request to the API, or to a service."""
        if subject.startswith("rpc."):
            return self._answered(subject, asker, body)
        verb, _, rest = subject.removeprefix("$JS.API.").partition("NEXORAZ_")
        name = f"NEXORAZ_{rest}"
        return _reply(json.dumps(self._api(verb, name, json.loads(body))).encode())

    def _answered(self, subject: str, asker: str, body: bytes) -> Any:
        answering = self.answering.get(subject)
        if answering is None:
            raise BusUnavailable("nobody answers")
        try:
            return _reply(answering(subject, asker, body))
        except RpcRefused as refused:
            return _reply(b"", {REFUSED: refused.reason})
        except Exception:
            return _reply(b"", {FAILED: "failed"})

    def _api(self, verb: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
        if verb == "STREAM.CREATE.":
            self.count += 1
            self.streams[name] = Stream(f"{self.clock.at}.{self.count}", body)
            return self.streams[name].state()
        stream = self.streams.get(name)
        if stream is None:
            return NOT_FOUND
        match verb:
            case "STREAM.INFO.":
                return self._info(stream, body)
            case "STREAM.UPDATE.":
                stream.config = body
                return stream.state()
            case "STREAM.MSG.GET.":
                return self._last(stream)
            case "STREAM.PURGE.":
                return self._purge(stream, body["filter"])
        raise AssertionError(f"nobody uses {verb}")

    def _info(self, stream: Stream, body: dict[str, Any]) -> dict[str, Any]:
        answer = stream.state()
        if "subjects_filter" in body:
            key = body["subjects_filter"].rpartition(".")[2]
            found = [m.subject for m in stream.messages if m.subject.endswith(f".{key}")]
            answer["state"]["subjects"] = {subject: found.count(subject) for subject in found}
        return answer

    def _last(self, stream: Stream) -> dict[str, Any]:
        if not stream.messages:
            return NO_MESSAGE
        last = stream.messages[-1]
        lines = "NATS/1.0\r\n" + "".join(f"{name}: {value}\r\n" for name, value in last.headers.items())
        return {"message": {"seq": last.sequence, "hdrs": base64.b64encode(lines.encode()).decode()}}

    def _purge(self, stream: Stream, subjects: str) -> dict[str, Any]:
        key = subjects.rpartition(".")[2]
        kept = [m for m in stream.messages if not m.subject.endswith(f".{key}")]
        purged = len(stream.messages) - len(kept)
        stream.messages = kept
        self.stage.note(f"purged {subjects} {purged}")
        return {"purged": purged}


def _reply(data: bytes, headers: dict[str, str] | None = None) -> Any:
    return SimpleNamespace(data=data, headers=headers)


class Client:
    """The connection of one process, as nats-py's is used by the kernel. Once broken it stays so."""

    def __init__(self, bus: Bus, user: str) -> None:
        self._bus = bus
        self._user = user
        self._acknowledged: Callable[[Any], Coroutine[Any, Any, None]] | None = None
        self.is_closed = False

    @property
    def is_connected(self) -> bool:
        return not self.is_closed

    def new_inbox(self) -> str:
        return f"_INBOX.{self._user}.simulated"

    async def subscribe(self, _subject: str, cb: Any, queue: str = "") -> Any:
        self._acknowledged = cb
        return self

    async def request(
        self, subject: str, payload: bytes, timeout: float = 0.0, headers: dict[str, str] | None = None
    ) -> Any:
        self._bus.stage.point(f"before {subject}")
        self._check("before")
        if headers is not None:
            answer: Any = _reply(json.dumps(self._bus.publish(subject, headers, payload)).encode())
        else:
            answer = self._bus.request(subject, self._user, payload)
        self._check("after")
        self._bus.stage.point(f"after {subject}")
        return answer

    async def _send_command(self, commands: bytes) -> None:
        """Messages in the protocol's own form, the last of which asks for an acknowledgement."""
        assert self._acknowledged is not None
        for subject, reply, headers, payload in parsed(commands):
            self._check("before")
            ack = self._bus.publish(subject, headers, payload)
            self._check("after")
            if reply or "error" in ack:
                await self._acknowledged(_reply(json.dumps(ack).encode()))
        self._bus.stage.point("published")

    async def _flush_pending(self) -> None:
        return None

    async def close(self) -> None:
        self.is_closed = True

    def _check(self, when: str) -> None:
        if self.is_closed or self._bus.trouble(f"bus {when}"):
            self.is_closed = True
            raise BusUnavailable(f"the connection broke {when}")


def parsed(commands: bytes) -> list[tuple[str, str, dict[str, str], bytes]]:
    """(subject, reply, headers, payload) of each HPUB command."""
    found, at = [], 0
    while at < len(commands):
        end = commands.index(b"\r\n", at)
        words = commands[at:end].split(b" ")
        subject, reply, sizes = words[1].decode(), words[2].decode(), (int(words[-2]), int(words[-1]))
        body = commands[end + 2 : end + 2 + sizes[1]]
        lines = body[: sizes[0]].decode().split("\r\n")[1:]
        headers = {name: value for name, _, value in (line.partition(": ") for line in lines) if name}
        found.append((subject, reply, headers, body[sizes[0] :]))
        at = end + 2 + sizes[1] + 2
    return found


class Link:
    """bus.BusLink for the tasks of one process."""

    def __init__(self, bus: Bus, user: str) -> None:
        self._bus = bus
        self._user = user

    @property
    def client(self) -> Client:
        return Client(self._bus, self._user)

    @property
    def is_connected(self) -> bool:
        return True

    def call(self, work: Callable[[Any], Any], timeout_s: float) -> Any:
        """Run a coroutine that asks the bus something."""
        return finished(work(self.client))
