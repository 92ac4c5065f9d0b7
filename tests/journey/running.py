"""The whole suite, started once per run of tests as `make run` starts it: the supervisor, every part, ten processes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from nexoraz.local.layout import Layout
from nexoraz.local.suite import OPENID_PROVIDERS, THROTTLE_FACTOR
from services.identity.tests import provider
from tests.journey.demo import ROOT, places, reachable
from tests.journey.person import Person, Places

START_S = 120.0
FIRST_PORT, LAST_PORT, PORTS_EACH = 24_000, 31_900, 50
OPENID_PORT = 45
"""Of a suite's fifty ports, where a test may start the OpenID provider that the suite knows."""


@dataclass(frozen=True)
class RunningSuite:
    """A suite with its own data and ports. Its supervisor starts again what dies."""

    var: Path
    port: int

    @property
    def places(self) -> Places:
        return places(self.var, self.port)

    def person(self) -> Person:
        return Person(self.places)

    def pid(self, name: str) -> int:
        """The process that runs as `name` now, such as "render-worker" or "nats"."""
        record = Layout(ROOT, self.var, self.port).run / f"{name}.process"
        pid: int = json.loads(record.read_text())["pid"]
        return pid

    def kill(self, name: str) -> None:
        """SIGKILL one of the suite's own processes, by id."""
        os.kill(self.pid(name), signal.SIGKILL)

    def stopped(self, name: str, seconds: float) -> "Stopped":
        """Keep a process from running for a while."""
        return Stopped(self.pid(name), seconds)

    def up_again(self, name: str, old: int) -> None:
        """Wait until another process has taken the place of `old`."""
        give_up = time.monotonic() + START_S
        while time.monotonic() < give_up:
            if self.pid(name) != old:
                return
            time.sleep(0.1)
        raise AssertionError(f"{name} was not started again")


@dataclass
class Stopped:
    """A process that does not run inside the `with`: it neither answers nor closes its connections."""

    pid: int
    seconds: float

    def __enter__(self) -> float:
        os.kill(self.pid, signal.SIGSTOP)
        return time.monotonic() + self.seconds

    def __exit__(self, *_: object) -> None:
        os.kill(self.pid, signal.SIGCONT)


def free_port_block() -> int:
    """The first of fifty ports that nobody listens on, below the ephemeral ones."""
    blocks = (LAST_PORT - FIRST_PORT) // PORTS_EACH
    start: int = FIRST_PORT + os.getpid() % blocks * PORTS_EACH
    candidates: list[int] = [*range(start, LAST_PORT, PORTS_EACH), *range(FIRST_PORT, start, PORTS_EACH)]
    for first in candidates:
        if all(_free(first + offset) for offset in range(41)):
            return first
    raise RuntimeError("no fifty free ports")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        refused: int = probe.connect_ex(("127.0.0.1", port))
    return refused != 0


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSuite]:
    with started(tmp_path_factory.mktemp("suite"), **{THROTTLE_FACTOR: "1000"}) as running:
        yield running


@contextmanager
def started(folder: Path, module: str = "nexoraz.local", **environment: str) -> Iterator[RunningSuite]:
    """A suite of its own in `folder`, with these variables besides; stopped at the end."""
    var, port = folder / "var", free_port_block()
    weights = ROOT / "var" / "model"
    if weights.is_dir():
        var.mkdir()
        (var / "model").symlink_to(weights)
    command = [sys.executable, "-m", module, "--var", str(var), "--port", str(port), "run"]
    log = (var.parent / "run.log").open("w+b")
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    openid = json.dumps(provider.settings(port + OPENID_PORT))
    environment = {
        "TMPDIR": str(temporary),
        OPENID_PROVIDERS: openid,
        **environment,
    }  # its temporary files are told from everybody else's
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, env={**os.environ, **environment}
    )
    try:
        _wait_until_ready(process, var, port, Path(log.name))
        yield RunningSuite(var, port)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
        log.close()


def _wait_until_ready(process: "subprocess.Popen[bytes]", var: Path, port: int, log: Path) -> None:
    give_up = time.monotonic() + START_S
    while time.monotonic() < give_up and process.poll() is None:
        if b"Everything is ready" in log.read_bytes() and reachable(port):
            return
        time.sleep(0.2)
    raise AssertionError(f"the suite in {var} did not start:\n{log.read_text(errors='replace')[-3000:]}")
