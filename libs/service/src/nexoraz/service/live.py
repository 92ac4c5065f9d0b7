"""Something as it happens: server-sent events (WHATWG HTML, section 9.2), resumed where the client left off.

The id of an event says how far the thing is, so a client that reconnects with Last-Event-ID misses nothing and gets
nothing twice. A stream lives for a bounded time, because it holds a thread; clients reconnect by themselves.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from flask import Response, request

from nexoraz.service.problems import Problem

LONGEST_S, HEARTBEAT_S = 60.0, 10.0
BESIDE_EVERY_S = 1.0
LIVELY_S, LIVELY_POLL_S, POLL_S = 2.0, 0.02, 0.2
"""For a while after each event the next one is looked for often: what happens comes in bursts."""

Shown = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Happening:
    """One event: how far the thing is with it, its name, and what is shown of it."""

    id: int
    name: str
    data: Shown


@dataclass(frozen=True, slots=True)
class News:
    """What came after an id. at: how far the thing is now. ended: nothing will follow."""

    at: int
    ended: bool
    happenings: Sequence[Happening] = field(default=())


Look = Callable[[int], News]
"""The news after that id. It is asked several times a second, so it holds no connection between two looks."""


class LiveStreams:
    """Serves live streams; at most `most` at a time in this process, so that other requests keep their threads."""

    def __init__(self, most: int, longest_s: float = LONGEST_S) -> None:
        self._longest_s = longest_s
        self._seats = threading.BoundedSemaphore(most)

    def response(self, look: Look, beside: Callable[[], Sequence[Shown]] = lambda: ()) -> Response:
        """The stream from where the client left off; 503 when too many watch. beside: how far parts of it are, which is
        no part of its history; shown as `progress` when it changed."""
        after = _last_seen()
        if not self._seats.acquire(blocking=False):
            title = "Too many people watch at the moment"
            raise Problem("too-many-watchers", 503, title, headers={"Retry-After": "2"})
        response = Response(_Seated(self._stream(look, beside, after), self._seats), mimetype="text/event-stream")
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Accel-Buffering"] = "no"
        return response

    def _stream(self, look: Look, beside: Callable[[], Sequence[Shown]], after: int) -> Iterator[bytes]:
        ends, beats = time.monotonic() + self._longest_s, time.monotonic() + HEARTBEAT_S
        lively_until = looks = time.monotonic() + LIVELY_S
        progress: Sequence[Shown] = ()
        yield b"retry: 500\n\n"
        while True:
            news = look(after)
            after = news.at
            yield from map(_wire, news.happenings)
            now = time.monotonic()
            if now >= looks:
                looks = now + BESIDE_EVERY_S
                shown, progress = progress, beside()
                # Under the id of the latest event, so that a client which resumes misses none.
                yield from [_wire(Happening(after, "progress", line)) for line in progress if line not in shown]
            lively_until = now + LIVELY_S if news.happenings else lively_until
            if news.ended or now >= ends:
                return
            if now >= beats:
                beats = now + HEARTBEAT_S
                yield b": still running\n\n"
            time.sleep(LIVELY_POLL_S if now < lively_until else POLL_S)


def _wire(happening: Happening) -> bytes:
    data = msgspec.json.encode(happening.data)
    return f"id: {happening.id}\nevent: {happening.name}\ndata: ".encode() + data + b"\n\n"


def _last_seen() -> int:
    given = request.headers.get("Last-Event-ID", "").strip()
    if not given:
        return 0
    if not (given.isascii() and given.isdigit() and len(given) <= 9):
        raise Problem("malformed-last-event-id", 400, "Last-Event-ID is the id of an event of this stream")
    return int(given)


class _Seated:
    """The chunks of a stream; the seat is given back however it ends, also when nobody ever read it."""

    def __init__(self, chunks: Iterator[bytes], seats: threading.BoundedSemaphore) -> None:
        self._chunks = chunks
        self._seats = seats
        self._open = True

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        """Called once by the server, after the last chunk or when the client went away (PEP 3333)."""
        if self._open:
            self._open = False
            self._seats.release()
