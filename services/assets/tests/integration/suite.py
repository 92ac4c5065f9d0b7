"""assets' processes under test, and a client that speaks HTTP byte by byte."""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from nats.js.errors import NotFoundError

from nexoraz.local.testing.real import RealNats
from nexoraz.local.testing.services import bearer


@dataclass
class Suite:
    """assets' settings and processes."""

    environment: dict[str, str]
    web_port: int
    log: Path
    account_id: str = field(default_factory=lambda: str(uuid4()))
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, command: str, port: int) -> subprocess.Popen[bytes]:
        """A process that says it is ready."""
        process = self.spawn(command, port)
        until(lambda: ready(port))
        return process

    def spawn(self, command: str, port: int) -> subprocess.Popen[bytes]:
        environment = {**self.environment, "NEXORAZ_BIND": f"127.0.0.1:{port}"}
        with self.log.open("ab") as log:
            arguments = [sys.executable, "-m", "nexoraz.assets", command]
            process = subprocess.Popen(arguments, env=environment, stdout=log, stderr=log)
        self.running.append(process)
        return process

    def call(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and JSON."""
        standard = {"Content-Type": "image/jpeg", "Idempotency-Key": str(uuid4()), **bearer(self.account_id)}
        url = f"http://127.0.0.1:{self.web_port}/v1/assets{path}"
        request = urllib.request.Request(url, body, {**standard, **(headers or {})}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.loads(response.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def send(self, head: Iterable[str], pieces: Iterable[bytes], pause_s: float = 0.0) -> bytes:
        """An upload written by hand; then the sending side is closed. What came back."""
        with socket.create_connection(("127.0.0.1", self.web_port), timeout=30) as connection:
            lines = ["POST /v1/assets/photos HTTP/1.1", "Host: localhost", "Content-Type: image/jpeg", *head]
            lines += [f"Idempotency-Key: {uuid4()}", f"Authorization: {bearer(self.account_id)['Authorization']}"]
            connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            with contextlib.suppress(ConnectionError):
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(pause_s)
                connection.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionError):
                return connection.recv(65_536)
        return b""


def ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=3) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def until(true: Callable[[], bool], seconds: float = 45.0) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def published(nats: RealNats) -> list[str]:
    """The types of what is on assets' stream, in order."""

    async def read() -> list[str]:
        client = await nats.connect()
        stream = client.jetstream()
        found = []
        with contextlib.suppress(NotFoundError):
            for sequence in range(1, (await stream.stream_info("NEXORAZ_ASSETS")).state.last_seq + 1):
                message = await stream.get_msg("NEXORAZ_ASSETS", sequence)
                found.append((message.headers or {})["ce-type"])
        await client.close()
        return found

    return asyncio.run(read())


def asked(nats: RealNats, question: Any, user: str = "render") -> tuple[dict[str, str], bytes]:
    """The headers and the body of the answer to a request for a photo."""

    async def ask() -> tuple[dict[str, str], bytes]:
        client = await nats.connect(user)
        body = question if isinstance(question, bytes) else json.dumps(question).encode()
        reply = await client.request("rpc.assets.release-photo", body, timeout=10)
        await client.close()
        return dict(reply.headers or {}), reply.data

    return asyncio.run(ask())
