"""identity's processes under test, and the world around them."""

import asyncio
import contextlib
import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiosmtpd.controller import Controller
from nats.js.errors import NotFoundError

from nexoraz.local.testing.real import RealNats
from services.identity.tests.integration.journeys import BASE


class Inbox:
    """A mail system: keeps what it gets."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@dataclass
class Suite:
    """identity's settings and processes, and the world around it."""

    environment: dict[str, str]
    web_port: int
    smtp: Controller
    inbox: Inbox
    log: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def run(self, command: str) -> int:
        return subprocess.run(self._command(command), env=self.environment, check=False, timeout=60).returncode

    def start(self, command: str, port: int) -> subprocess.Popen[bytes]:
        """A process that says it is ready."""
        process = self.spawn(command, port)
        until(lambda: ready(port))
        return process

    def spawn(self, command: str, port: int) -> subprocess.Popen[bytes]:
        environment = {**self.environment, "NEXORAZ_BIND": f"127.0.0.1:{port}"}
        with self.log.open("ab") as log:
            process = subprocess.Popen(self._command(command), env=environment, stdout=log, stderr=log)
        self.running.append(process)
        return process

    def _command(self, command: str) -> list[str]:
        return [sys.executable, "-m", "nexoraz.identity", command]

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        standard = {"Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
        url = f"http://127.0.0.1:{self.web_port}{BASE}{path}"
        request = urllib.request.Request(url, data, {**standard, **headers}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, json.loads(response.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def token(self) -> str:
        """The verification token of the newest mail, once one has arrived."""
        until(lambda: bool(self.inbox.messages))
        text = self.inbox.messages[-1].get_body(("plain",)).get_content()
        [token] = [word for word in text.split() if re.fullmatch(r"[0-9a-f-]+\.[0-9a-f-]+\.\S{43}", word)]
        return str(token)


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


def messages(nats: RealNats) -> list[tuple[str, Any]]:
    """Type and payload of what is on identity's stream, in order."""

    async def read() -> list[tuple[str, Any]]:
        client = await nats.connect()
        stream = client.jetstream()
        found = []
        for sequence in range(1, (await stream.stream_info("NEXORAZ_IDENTITY")).state.last_seq + 1):
            with contextlib.suppress(NotFoundError):  # it was purged
                message = await stream.get_msg("NEXORAZ_IDENTITY", sequence)
                found.append(((message.headers or {})["ce-type"], json.loads(message.data or b"null")))
        await client.close()
        return found

    return asyncio.run(read())


def published(nats: RealNats) -> list[str]:
    """The types of what is on identity's stream, in order."""
    return [type_ for type_, _ in messages(nats)]
