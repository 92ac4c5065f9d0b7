"""Whether a process lives (/livez) and may be given work (/readyz), by pinging what it really needs.

A check is a callable that raises when the thing does not answer. Each has CHECK_LIMIT seconds; one that is still
hanging from the last time fails at once instead of taking a second thread. A failed check shows the kind of its
exception, never its text (which may hold an address or a value). A worker's check may return counts (a mapping of
numbers), which are shown and change nothing.
"""

import asyncio
import inspect
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

import msgspec

Check = Callable[[], object]
AsyncCheck = Callable[[], object | Awaitable[object]]
CHECK_LIMIT = 2.0
"""Seconds."""
_REQUEST_LIMIT = 5.0
_LONGEST_REQUEST = 8192


class Readiness:
    """Runs synchronous checks side by side, for the web process."""

    def __init__(self, checks: Mapping[str, Check], limit: float = CHECK_LIMIT) -> None:
        self._checks = dict(checks)
        self._limit = limit
        self._pool: ThreadPoolExecutor | None = None
        self._hanging: set[str] = set()
        self._lock = threading.Lock()

    def report(self) -> tuple[bool, dict[str, Any]]:
        """Whether all checks passed, and the listing of each."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(max(1, len(self._checks)), "readiness")
        started = time.monotonic()
        futures = {name: self._pool.submit(self._run, name) for name in self._checks}
        listing = []
        for name, future in futures.items():
            try:
                left = max(0.0, self._limit - (time.monotonic() - started))
                listing.append(future.result(left))
            except FutureTimeout:
                listing.append(_failed(name, "TimeoutError", time.monotonic() - started))
        return _summary(listing)

    def _run(self, name: str) -> dict[str, Any]:
        with self._lock:
            if name in self._hanging:
                return _failed(name, "StillHanging", 0.0)
            self._hanging.add(name)
        started = time.monotonic()
        try:
            self._checks[name]()
        except Exception as error:  # a check may fail in any way; that it did is the answer
            return _failed(name, type(error).__name__, time.monotonic() - started)
        finally:
            with self._lock:
                self._hanging.discard(name)
        return _passed(name, time.monotonic() - started)


def _passed(name: str, seconds: float, found: object = None) -> dict[str, Any]:
    passed = {"name": name, "ok": True, "ms": round(seconds * 1000, 1)}
    counts = {key: n for key, n in found.items() if isinstance(n, int)} if isinstance(found, Mapping) else {}
    return passed | {"counts": counts} if counts else passed


def _failed(name: str, kind: str, seconds: float) -> dict[str, Any]:
    return {"name": name, "ok": False, "ms": round(seconds * 1000, 1), "error": kind}


def _summary(listing: list[dict[str, Any]]) -> tuple[bool, dict[str, Any]]:
    ready = all(each["ok"] for each in listing)
    return ready, {"status": "ready" if ready else "not ready", "checks": listing}


async def report(checks: Mapping[str, AsyncCheck], limit: float = CHECK_LIMIT) -> tuple[bool, dict[str, Any]]:
    """Run checks side by side on the event loop; a synchronous one runs in a thread."""
    return _summary(list(await asyncio.gather(*(_check(name, check, limit) for name, check in checks.items()))))


async def _check(name: str, check: AsyncCheck, limit: float) -> dict[str, Any]:
    started = time.monotonic()
    try:
        async with asyncio.timeout(limit):
            found = check() if inspect.iscoroutinefunction(check) else await asyncio.to_thread(check)
            if inspect.isawaitable(found):
                found = await found
    except Exception as error:  # a check may fail in any way; that it did is the answer
        return _failed(name, type(error).__name__, time.monotonic() - started)
    return _passed(name, time.monotonic() - started, found)


def split_bind(bind: str) -> tuple[str, int]:
    """`host:port` (IPv6 in brackets) as two; raises ValueError."""
    host, _, port = bind.rpartition(":")
    return host.strip("[]") or "127.0.0.1", int(port)


async def serve_health(bind: str, checks: Mapping[str, AsyncCheck], limit: float = CHECK_LIMIT) -> asyncio.Server:
    """Serve /livez and /readyz of a worker process on `bind` until the server is closed.

    That /livez answers shows that the event loop turns. Anything else is 404; every connection serves one request.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_REQUEST_LIMIT + limit):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(await _answer(head, checks, limit))
                await writer.drain()
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a client that leaves, stalls or sends no HTTP gets no answer
        finally:
            writer.close()

    host, port = split_bind(bind)
    return await asyncio.start_server(serve, host, port, limit=_LONGEST_REQUEST)


async def _answer(head: bytes, checks: Mapping[str, AsyncCheck], limit: float) -> bytes:
    method, _, rest = head.partition(b" ")
    path = rest.partition(b" ")[0]
    if method not in (b"GET", b"HEAD") or path not in (b"/livez", b"/readyz"):
        return _response(b"404 Not Found", {"status": "not here"}, method)
    if path == b"/livez":
        return _response(b"200 OK", {"status": "alive"}, method)
    ready, listing = await report(checks, limit)
    return _response(b"200 OK" if ready else b"503 Service Unavailable", listing, method)


def _response(status: bytes, listing: dict[str, Any], method: bytes) -> bytes:
    body = msgspec.json.encode(listing)
    head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    return head % (status, len(body)) + (b"" if method == b"HEAD" else body)
