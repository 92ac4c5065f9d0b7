"""identity as it runs: migrate, web and worker as processes, on real PostgreSQL, NATS and SMTP."""

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiosmtpd.controller import Controller

from nexoraz.local import ports
from nexoraz.local.testing.fixtures import NewDatabase
from nexoraz.local.testing.real import RealNats
from services.identity.tests.examples import EMAIL, PASSWORD
from services.identity.tests.integration.journeys import ACCOUNT, BASE

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]


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
        [token] = [word for word in text.split() if re.fullmatch(r"\S+\.\S+\.\S{43}", word)]
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


@pytest.fixture
def suite(database: NewDatabase, nats: RealNats, tmp_path: Path) -> Iterator[Suite]:
    inbox, port = Inbox(), ports.free_range(3)
    smtp = Controller(inbox, hostname="127.0.0.1", port=port + 2)
    smtp.start()
    settings = {
        "DATABASE_URL": database(),
        "VAULT_DATABASE_URL": database(),
        "VAULT_KEK_DIR": str(tmp_path / "keys"),
        "NATS_URL": nats.url,
        "NATS_USER": "identity",
        "NATS_PASSWORD": nats.passwords["identity"],
        "SMTP_URL": f"smtp://127.0.0.1:{port + 2}",
        "MAIL_FROM": "Nexoraz <hello@nexoraz.test>",
        "WEB_WORKERS": "1",
        "BIND": f"127.0.0.1:{port}",
    }
    environment = {**os.environ, **{f"NEXORAZ_{name}": value for name, value in settings.items()}}
    suite = Suite(environment, port, smtp, inbox, tmp_path / "log")
    yield suite
    for process in suite.running:
        process.send_signal(signal.SIGTERM)
    for process in suite.running:
        process.wait(30)
    with contextlib.suppress(RuntimeError, AssertionError):
        smtp.stop()


def published(nats: RealNats) -> list[str]:
    """The types of what is on identity's stream, in order."""

    async def read() -> list[str]:
        client = await nats.connect()
        stream = client.jetstream()
        last = (await stream.stream_info("NEXORAZ_IDENTITY")).state.last_seq
        found = [await stream.get_msg("NEXORAZ_IDENTITY", seq) for seq in range(1, last + 1)]
        await client.close()
        return [message.headers["ce-type"] for message in found if message.headers]

    return asyncio.run(read())


SAID = (
    "signing-key-published", "participant-announced", "account-registered", "account-verified", "session-revoked",
)  # fmt: skip


def test_a_person_joins_and_the_bus_hears_of_it(suite: Suite, nats: RealNats) -> None:
    assert suite.run("migrate") == 0
    assert suite.run("migrate") == 0
    suite.start("web", suite.web_port)
    suite.start("worker", suite.web_port + 1)
    assert suite.call("POST", "/accounts", ACCOUNT)[0] == 202
    assert suite.call("POST", "/accounts/verification", {"token": suite.token()})[0] == 200
    status, signed_in = suite.call("POST", "/sessions", {"email": EMAIL, "password": PASSWORD})
    assert status == 201
    bearer = {"Authorization": f"Bearer {signed_in['access_token']}"}
    assert suite.call("GET", "/profile", **bearer)[1]["email"] == EMAIL
    assert suite.call("DELETE", "/sessions/current", **bearer)[0] == 204
    assert suite.call("GET", "/profile", **bearer)[0] == 401
    wanted = [
        "signing-key-published",
        "participant-announced",
        "account-registered",
        "account-verified",
        "session-revoked",
    ]
    until(lambda: published(nats) == [f"nexoraz.identity.{name}.v1" for name in wanted])
    mail = suite.inbox.messages[-1]
    assert mail["To"] == EMAIL and mail["Message-ID"].endswith("@nexoraz.test>")
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    for secret in (EMAIL, PASSWORD, "Ann", signed_in["access_token"]):
        assert secret not in suite.log.read_text()


def test_bus_and_mail_away_stop_nobody_and_lose_nothing(suite: Suite, nats: RealNats) -> None:
    assert suite.run("migrate") == 0
    suite.smtp.stop()
    nats.stop()
    suite.start("web", suite.web_port)
    worker = suite.spawn("worker", suite.web_port + 1)
    assert suite.call("POST", "/accounts", ACCOUNT)[0] == 202
    time.sleep(1)
    worker.kill()
    worker.wait(10)
    nats.start()
    suite.smtp = Controller(suite.inbox, hostname="127.0.0.1", port=suite.web_port + 2)
    suite.smtp.start()
    suite.start("worker", suite.web_port + 1)
    assert suite.call("POST", "/accounts/verification", {"token": suite.token()})[0] == 200
    until(lambda: "nexoraz.identity.account-verified.v1" in published(nats))
    assert len(suite.inbox.messages) == 1
    suite.smtp.stop()


def test_settings_that_are_missing_are_all_named_at_once(suite: Suite) -> None:
    bare = {name: value for name, value in suite.environment.items() if not name.startswith("NEXORAZ_")}
    command = [sys.executable, "-m", "nexoraz.identity", "web"]
    done = subprocess.run(command, env=bare, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    names = "DATABASE_URL VAULT_DATABASE_URL VAULT_KEK_DIR NATS_URL NATS_PASSWORD SMTP_URL MAIL_FROM"
    for name in names.split():
        assert f"NEXORAZ_{name} is missing" in done.stderr
