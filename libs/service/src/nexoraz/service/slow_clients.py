"""Clients that send slowly occupy no thread: a request is given to one when it has arrived.

A request of ordinary size waits in the kernel's buffer until all of it is there; epoll wakes us once, by SO_RCVLOWAT
(socket(7)). What is longer, or does not say how long it is, has to be read as it comes: such streams get at most half
of the threads, so that the rest always answers.
"""

import fcntl
import re
import socket
import sys
import termios
import time
from collections import deque
from typing import Any

from gunicorn.workers.gthread import _DEFER, ThreadWorker  # type: ignore[import-untyped]

MOST_WHOLE = 131_072
"""Bytes of head and body up to which a request is awaited; the limit of a JSON body is half of it."""
LONGEST_HEAD = 16_384
"""Bytes of head up to which we look; a longer one is given to gunicorn, which refuses it."""
_STREAM = object()
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
_AS_IT_COMES = re.compile(rb"\r\n(transfer-encoding|expect):", re.IGNORECASE)
"""Of unknown length, or not sent before we say that we want it."""


def wanted(arrived: bytes) -> int | None:
    """How many bytes have to be there before the request can be handled; None for one that is read as it comes."""
    end = arrived.find(b"\r\n\r\n")
    if end < 0:
        return len(arrived) + 1 if len(arrived) < LONGEST_HEAD else 0
    head = arrived[: end + 2]
    if _AS_IT_COMES.search(head):
        return None
    length = _LENGTH.search(head)
    total = end + 4 + (int(length[1]) if length else 0)
    return total if total <= MOST_WHOLE else None


class SlowClientsWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's thread worker for clients of any speed. A connection has `queued_at`: since when it waits for a thread
    (time.monotonic), and `streams`: whether it holds one of the places for streams."""

    queue_limit = 5.0
    """Seconds that a request may wait for a thread or a place; then it is refused without being begun."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._places = max(1, self.cfg.threads // 2)
        self._waiting: deque[Any] = deque()

    def enqueue_req(self, conn: Any) -> None:
        """Note when the connection began to wait for a thread."""
        conn.queued_at = time.monotonic()
        conn.streams = conn.late = False
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Send the connection back to the poller while its request is not whole, and to the others if it streams."""
        if self.alive and not (conn.streams or conn.late or _has_read_ahead(conn)):
            waits = _waits(conn)
            if waits is not None:
                return waits
        return super().handle(conn)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """On the main thread: let the next stream begin when there is a place."""
        if not fs.cancelled() and fs.exception() is None and fs.result() is _STREAM:
            self._waiting.append(conn)
        else:
            self._places += conn.streams
            super().finish_request(conn, fs)
        while self._waiting and self._places:
            self._places -= 1
            begins = self._waiting.popleft()
            begins.streams = True
            super().enqueue_req(begins)

    def murder_pending(self) -> None:
        """About once a second: what waited too long for a place is handed on to be refused."""
        super().murder_pending()
        while self._waiting and time.monotonic() - self._waiting[0].queued_at > self.queue_limit:
            late = self._waiting.popleft()
            late.late = True
            super().enqueue_req(late)


def _has_read_ahead(conn: Any) -> bool:
    return conn.parser is not None and bool(conn.parser.unreader.buf.getvalue())


def _waits(conn: Any) -> Any:
    """Why the connection cannot be handled yet; None when it can: all is there, or nothing more will come."""
    try:
        arrived = conn.sock.recv(LONGEST_HEAD, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return _DEFER  # nothing yet
    except OSError:
        return None  # broken: reading tells how
    need = wanted(arrived) if arrived else 0
    if need is None:
        return _STREAM
    # Woken before the bytes are there, the client has closed its side: reading on tells.
    awaited = getattr(conn, "awaits", 0)
    if need != awaited and need > _there(conn.sock, arrived):
        conn.awaits = need
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, need)
        return _DEFER
    if awaited:
        conn.awaits = 0
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
    return None


def _there(sock: socket.socket, arrived: bytes) -> int:
    """How many bytes the kernel holds for us."""
    if len(arrived) < LONGEST_HEAD:
        return len(arrived)
    return int.from_bytes(fcntl.ioctl(sock, termios.FIONREAD, bytes(4)), sys.byteorder)
