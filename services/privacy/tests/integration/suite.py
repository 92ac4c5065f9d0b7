"""privacy's processes under test, as an operator starts them and a client reaches them."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from nexoraz.service.tokens import TokenClaims, new_signing_key, sign_token


@dataclass
class Suite:
    """Processes by name, so that a test can kill one of them."""

    environment: dict[str, str]
    web_port: int
    log: Path
    key: dict[str, Any] = field(default_factory=new_signing_key)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def run(self, command: str) -> int:
        return subprocess.run(self._command(command), env=self.environment, check=False, timeout=60).returncode

    def start(self, command: str) -> None:
        """A process that says it is ready."""
        self.spawn(command)
        until(lambda: ready(self._port(command)))

    def spawn(self, command: str) -> None:
        environment = {**self.environment, "NEXORAZ_BIND": f"127.0.0.1:{self._port(command)}"}
        with self.log.open("ab") as log:
            process = subprocess.Popen(self._command(command), env=environment, stdout=log, stderr=log)
        self.running[command] = process

    def kill(self, command: str) -> None:
        """SIGKILL."""
        process = self.running.pop(command)
        process.kill()
        process.wait(10)

    def bearer(self, account_id: str) -> dict[str, str]:
        """A session of the account, signed in just now."""
        now = datetime.now(UTC)
        claims = TokenClaims(account_id, str(uuid4()), now - timedelta(seconds=5), frozenset())
        return {"Authorization": f"Bearer {sign_token(self.key, claims, now)}"}

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
        data = None if body is None else json.dumps(body).encode()
        standard = {"Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
        url = f"http://127.0.0.1:{self.web_port}/v1/privacy{path}"
        request = urllib.request.Request(url, data, {**standard, **headers}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=90) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def json(self, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        """The answer of a call that must succeed."""
        status, raw = self.call(method, path, body, **headers)
        assert status < 300, raw
        return dict(json.loads(raw))

    def _port(self, command: str) -> int:
        return self.web_port + (command == "worker")

    def _command(self, command: str) -> list[str]:
        return [sys.executable, "-m", "nexoraz.privacy", command]


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
        time.sleep(0.05)
