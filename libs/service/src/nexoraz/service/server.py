"""gunicorn as every service runs it: threads, bounded waiting, no access log, the application made after the fork.

How long a request can take: at most `queue_limit` seconds waiting for a thread (then 503 without being begun),
SOCKET_LIMIT for each read of its body and each write of its answer, and the database's own limits in between.
The gateway limits how long a client may take for its headers.
"""

import contextlib
import json
import logging
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from ssl import SSLError
from typing import Any

from flask import Flask
from gunicorn import glogging  # type: ignore[import-untyped]
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.http import errors  # type: ignore[import-untyped]

from nexoraz.service.slow_clients import SlowClientsWorker

SOCKET_LIMIT = 30.0
GRACE = 25
"""Seconds that running requests get when the process is told to stop; Kubernetes kills after 30."""
_BUSY_BODY = (
    b'{"type":"https://nexoraz.pro/problems/not-available-now",'
    b'"title":"Not available at the moment, try again","status":503}'
)
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nRetry-After: 1\r\n"
    b"Cache-Control: no-store\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(_BUSY_BODY), _BUSY_BODY)
)

_UNREADABLE: dict[type[BaseException], HTTPStatus] = {
    errors.InvalidResponseHeader: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.InvalidResponseHeaderName: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    errors.ConfigurationProblem: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.ParseException: HTTPStatus.BAD_REQUEST,
    SSLError: HTTPStatus.BAD_REQUEST,
}
"""What each of gunicorn's refusals is; the first that fits. Anything else is our fault."""


def _plain_answer(status: HTTPStatus | int) -> bytes:
    """A whole answer without the application: a problem document that says nothing of the request."""
    status = HTTPStatus(status)
    document = {"type": "about:blank", "title": status.phrase, "status": status.value}
    if status < 500:
        document |= {"type": "https://nexoraz.pro/problems/malformed-request"}
    body = json.dumps(document).encode()
    return (
        b"HTTP/1.1 %d %b\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\n"
        b"X-Content-Type-Options: nosniff\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b"
    ) % (status, status.phrase.encode(), len(body), body)


class BoundedThreadWorker(SlowClientsWorker):
    """The thread worker, except that waiting for a thread and for a slow client is limited."""

    def handle(self, conn: Any) -> Any:
        """Note how long it waited for a thread, or for a place among the streams."""
        conn.waited = time.monotonic() - conn.queued_at
        return super().handle(conn)

    def handle_error(self, _req: Any, client: Any, _addr: Any, exc: BaseException) -> None:
        """Refuse what is no HTTP request with a problem document; gunicorn would repeat what was sent, in HTML."""
        status = next((status for kind, status in _UNREADABLE.items() if isinstance(exc, kind)), 500)
        if status >= 500:
            self.log.error("A request failed outside of the application: %s", type(exc).__name__)
        with contextlib.suppress(OSError):
            client.sendall(_plain_answer(status))

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Refuse what waited too long; it is likely that nobody waits for the answer any more."""
        conn.sock.settimeout(SOCKET_LIMIT)
        if conn.waited > self.queue_limit:
            conn.sock.sendall(_BUSY)
            return False
        return super().handle_request(req, conn)


class _RootLogger(glogging.Logger):  # type: ignore[misc]  # gunicorn has no types
    """Sends gunicorn's messages to the standard logging, where they lose their arguments (see `logging`)."""

    def setup(self, _cfg: Any) -> None:
        self.error_log.handlers = []
        self.error_log.propagate = True
        self.error_log.setLevel(logging.INFO)
        self.access_log.handlers = []
        self.access_log.propagate = False

    def access(self, *_args: Any, **_kwargs: Any) -> None:
        """There is no access log: it would hold addresses and queries. The application logs requests itself."""


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, make_app: Callable[[], Flask], options: dict[str, Any]) -> None:
        self._make_app = make_app
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._make_app()


def options(bind: str, workers: int, threads: int) -> dict[str, Any]:
    """gunicorn's settings."""
    memory = Path("/dev/shm")  # noqa: S108  # heartbeat files belong in memory: a slow disk must not kill a worker
    return {
        "bind": bind,
        "workers": workers,
        "threads": threads,
        "worker_class": BoundedThreadWorker,
        "worker_connections": max(256, threads * 16),
        "backlog": 512,
        "keepalive": 75,
        "timeout": 60,
        "graceful_timeout": GRACE,
        "preload_app": False,
        "worker_tmp_dir": str(memory) if memory.is_dir() else None,
        "logger_class": _RootLogger,
        "accesslog": None,
        "limit_request_line": 4094,
        "limit_request_fields": 64,
        "limit_request_field_size": 8190,
        "control_socket_disable": True,
        "proc_name": "nexoraz-web",
    }


def run_web(make_app: Callable[[], Flask], bind: str, workers: int = 2, threads: int = 8) -> None:
    """Serve until told to stop (SIGTERM: finish what runs, at most GRACE seconds). Does not return.

    make_app runs in each worker process after the fork; connect there, never before. Call `logging.configure` before.
    """
    _Server(make_app, options(bind, workers, threads)).run()
