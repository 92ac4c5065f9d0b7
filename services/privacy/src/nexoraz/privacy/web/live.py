"""A request as it happens: server-sent events (WHATWG HTML, section 9.2), history first.

The id of an event is its place in the request's history, so a client that reconnects with Last-Event-ID misses nothing
and gets nothing twice. A stream lives for a bounded time, because it holds a thread; clients reconnect by themselves.
"""

import threading
import time
from collections.abc import Iterator

import msgspec
from flask import Response, request

from nexoraz.privacy.application.streams import request_stream
from nexoraz.privacy.projections.export_progress import progress_of_export
from nexoraz.privacy.projections.requests import progress_of
from nexoraz.privacy.web.desk import Desk
from nexoraz.privacy.web.views import Shown, is_last, live_event
from nexoraz.service.problems import Problem

LONGEST_S, HEARTBEAT_S = 60.0, 10.0
PROGRESS_EVERY_S = 1.0
LIVELY_S, LIVELY_POLL_S, POLL_S = 2.0, 0.02, 0.2
"""For a while after each event the next one is looked for often: an erasure is a burst of them."""


class LiveRequests:
    """Serves live streams; at most `desk.most_watchers` at a time, so that other requests keep their threads."""

    def __init__(self, desk: Desk, longest_s: float = LONGEST_S) -> None:
        self._desk = desk
        self._longest_s = longest_s
        self._seats = threading.BoundedSemaphore(desk.most_watchers)

    def response(self, request_id: str) -> Response:
        """The stream from where the client left off; 503 when too many watch."""
        after = _last_seen()
        if not self._seats.acquire(blocking=False):
            title = "Too many people watch at the moment"
            raise Problem("too-many-watchers", 503, title, headers={"Retry-After": "2"})
        response = Response(_Seated(self._stream(request_id, after), self._seats), mimetype="text/event-stream")
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Accel-Buffering"] = "no"
        return response

    def _stream(self, request_id: str, after: int) -> Iterator[bytes]:
        ends, beats = time.monotonic() + self._longest_s, time.monotonic() + HEARTBEAT_S
        lively_until = looks = time.monotonic() + LIVELY_S
        progress: list[Shown] = []
        yield b"retry: 500\n\n"
        while True:
            news, after, ended = self._news(request_id, after)
            yield from news
            now = time.monotonic()
            if now >= looks:
                looks = now + PROGRESS_EVERY_S
                shown, progress = progress, self._progress(request_id)
                yield from [_progressed(after, line) for line in progress if line not in shown]
            lively_until = now + LIVELY_S if news else lively_until
            if ended or now >= ends:
                return
            if now >= beats:
                beats = now + HEARTBEAT_S
                yield b": still running\n\n"
            time.sleep(LIVELY_POLL_S if now < lively_until else POLL_S)

    def _progress(self, request_id: str) -> list[Shown]:
        """How far an export is while it is written."""
        with self._desk.engine.connect() as connection:
            return progress_of_export(connection, request_id)

    def _news(self, request_id: str, after: int) -> tuple[list[bytes], int, bool]:
        """The events after that version as they go over the wire, the last version, and whether the request ended."""
        with self._desk.engine.connect() as connection:
            version, ended = progress_of(connection, request_id)
        if version <= after:
            return [], after, ended
        with self._desk.store.transaction() as tx:
            history = tx.read(request_stream(request_id), after)
        news = [_wire(recorded.version, shown) for recorded in history if (shown := live_event(recorded.event))]
        return news, history[-1].version, any(is_last(recorded.event) for recorded in history)


def _progressed(version: int, line: Shown) -> bytes:
    """Under the id of the latest event, so that a client which resumes misses none."""
    return _wire(version, ("progress", line))


def _wire(version: int, shown: tuple[str, dict[str, object]]) -> bytes:
    name, data = shown
    return f"id: {version}\nevent: {name}\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"


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
