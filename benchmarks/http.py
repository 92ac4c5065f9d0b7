"""Requests to a service as it runs in production, beside a bare Flask route under the same gunicorn.

Read: GET /v1/billing/balance with a bearer token and telemetry on. Write: POST /v1/render/jobs, which is
a command, two events, a read model and an idempotency key in one commit.
"""

import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from benchmarks.figures import Figure, in_turn
from benchmarks.parts import Parts
from nexoraz.events.sql_store import SqlEventStore
from nexoraz.events.testing.fakes import MemorySealer
from nexoraz.local import ports
from nexoraz.local.processes import start
from nexoraz.render.bootstrap import REGISTRY
from nexoraz.render.projections.photos import remember_photo
from nexoraz.render.projections.tables import KERNEL
from nexoraz.service.auth import remember_key
from nexoraz.service.database import make_engine
from nexoraz.service.tokens import TokenClaims, new_signing_key, public_jwk, sign_token

CONNECTIONS = 8


def head(method: str, path: str, token: str, extra: str = "") -> str:
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{extra}"


def rate(port: int, request: Callable[[], bytes], seconds: float) -> float:
    """Answers per second over connections that stay open. Raises RuntimeError for one that is not a 2xx."""
    counts, refused = [0] * CONNECTIONS, []
    started = time.perf_counter()

    def ask(number: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while time.perf_counter() - started < seconds:
                connection.sendall(request())
                answer = _answer(connection)
                if not answer.startswith(b"HTTP/1.1 2"):
                    refused.append(answer[:600])
                    return
                counts[number] += 1

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if refused:
        raise RuntimeError(f"refused: {refused[0]!r}")
    return sum(counts) / (time.perf_counter() - started)


def _answer(connection: socket.socket) -> bytes:
    received = connection.recv(65_536)
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += _more(connection)
    length = int(received[:end].lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    while len(received) < end + 4 + length:
        received += _more(connection)
    return received


def _more(connection: socket.socket) -> bytes:
    piece = connection.recv(65_536)
    if not piece:
        raise RuntimeError("the server closed the connection")
    return piece


@contextmanager
def _bare(parts: Parts) -> Iterator[int]:
    port = ports.free_range(1)
    with parts.program(sys.executable, "-m", "benchmarks.bare", f"127.0.0.1:{port}"):
        give_up = time.monotonic() + 30
        while ports.is_free(port):
            if time.monotonic() > give_up:
                raise RuntimeError("the bare route did not start")
            time.sleep(0.05)
        yield port


def _signed_in(parts: Parts, account: str) -> str:
    """A token that the services accept."""
    now, key = datetime.now(UTC), new_signing_key()
    for service in parts.suite.services:
        name, password = next(iter(parts.suite.passwords(service).items()))
        engine = make_engine(parts.suite.postgres.dsn(name, name, password))
        with engine.begin() as connection:
            remember_key(connection, key["kid"], public_jwk(key), now + timedelta(days=1))
        engine.dispose()
    return sign_token(key, TokenClaims(account, str(uuid4()), now), now)


def _photo(parts: Parts, account: str) -> str:
    """A photo that render knows of, as if assets had told it."""
    name, password = next(iter(parts.suite.passwords("render").items()))
    engine = make_engine(parts.suite.postgres.dsn(name, name, password))
    photo_id = str(uuid4())
    with SqlEventStore(engine, KERNEL, REGISTRY, MemorySealer()).transaction() as tx:
        remember_photo(tx, account, photo_id)
    engine.dispose()
    return photo_id


def figures(parts: Parts) -> list[Figure]:
    parts.migrated()
    account = str(uuid4())
    token, photo_id = _signed_in(parts, account), _photo(parts, account)
    body = json.dumps({"photo_id": photo_id, "preset": "marketplace-white"})
    read = head("GET", "/v1/billing/balance", token, "\r\n").encode()
    plain = head("GET", "/bare", token, "\r\n").encode()
    sent = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    write = head("POST", "/v1/render/jobs", token, sent)
    posted = head("POST", "/bare", token, f"{sent}\r\n{body}").encode()
    seconds, suite = parts.scale.seconds * 2, parts.suite

    def new_job() -> bytes:
        return f"{write}Idempotency-Key: {uuid4()}\r\n\r\n{body}".encode()

    with ExitStack() as running:
        bare = running.enter_context(_bare(parts))
        for service in ("billing", "render"):
            running.callback(start(suite.process(service, "web")).stop)
        billing, render = parts.layout.web_port("billing"), parts.layout.web_port("render")
        works: dict[str, Callable[[], float]] = {
            "read": lambda: rate(billing, lambda: read, seconds),
            "bare": lambda: rate(bare, lambda: plain, seconds),
            "write": lambda: rate(render, new_job, seconds),
            "posted": lambda: rate(bare, lambda: posted, seconds),
        }
        for work in works.values():
            work()
        found = in_turn(parts.scale.rounds, works)
    reference, unit = "bare Flask route, same gunicorn", "requests/s"
    return [
        Figure("authenticated GET, telemetry on", found["read"], unit, reference, found["bare"], ">= 0.6"),
        Figure("write over HTTP, committed", found["write"], unit, reference, found["posted"], ">= 0.35"),
    ]
