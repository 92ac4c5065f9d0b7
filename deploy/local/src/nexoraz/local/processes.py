"""Starting, waiting for and ending the processes of the suite. Nothing started here outlives its parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from nexoraz.local.errors import NotReady, ProcessDied

LAUNCHER = Path(__file__).with_name("launch.py")
TAIL_BYTES = 600

Mode = Literal["plain", "unroot", "nobody"]


@dataclass(frozen=True, slots=True)
class Launch:
    """One command as the supervisor starts it. `environment` is complete: nothing is inherited beside it."""

    name: str
    command: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path("/")
    mode: Mode = "plain"
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 10.0


class Part(Protocol):
    """A real part that can be started: prepare its folder, run its command, ask it whether it answers."""

    @property
    def name(self) -> str: ...
    def prepare(self) -> None:
        """Write what the command needs. Idempotent."""

    def launch(self) -> Launch: ...
    def ping(self) -> None:
        """Ask the part something that only a working part answers; raises any exception while it does not."""


class Running:
    """A started process: its own session, so that `stop` reaches whatever it started itself."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.log_start = launch.log.stat().st_size if launch.log.exists() else 0
        self.process = _popen(launch)
        self.started_at = time.monotonic()

    @property
    def name(self) -> str:
        return self.launch.name

    @property
    def pid(self) -> int:
        return self.process.pid

    def alive(self) -> bool:
        return self.process.poll() is None

    def ended_within(self, seconds: float) -> int | None:
        """The exit status, or None where the process still runs after that time."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def ask_to_stop(self) -> None:
        if self.alive():
            self.process.send_signal(self.launch.stop_signal)

    def stop(self) -> None:
        """End the process and its session; killed where it takes longer than its grace. Harmless when repeated."""
        self.ask_to_stop()
        try:
            self.ended_within(self.launch.grace_seconds)
        finally:
            self._kill_session()
            self.process.wait()

    def _kill_session(self) -> None:
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return

    def last_words(self) -> str:
        """The end of what this run wrote to its log."""
        if not self.launch.log.exists():
            return ""
        with self.launch.log.open("rb") as log:
            log.seek(max(self.log_start, log.seek(0, os.SEEK_END) - TAIL_BYTES))
            return " ".join(log.read().decode(errors="replace").split())


def _popen(launch: Launch) -> "subprocess.Popen[bytes]":
    launch.log.parent.mkdir(parents=True, exist_ok=True)
    arguments = [str(os.getpid()), str(int(launch.death_signal)), launch.mode, "--", *launch.command]
    with launch.log.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(LAUNCHER), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=dict(launch.environment),
            cwd=launch.folder,
            start_new_session=True,
        )


def plain_environment(**extra: str) -> dict[str, str]:
    """What a part may inherit from the person's shell: where programs and temporary files are, and no secret."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
    return {name: os.environ[name] for name in kept if name in os.environ} | extra


def wait_ready(running: Running, part: Part, seconds: float = 60.0) -> float:
    """Seconds that the part took to answer. Raises ProcessDied or NotReady, each with the reason."""
    deadline = running.started_at + seconds
    reason = "it was never asked"
    while time.monotonic() < deadline:
        if not running.alive():
            raise ProcessDied(part.name, running.process.returncode, running.last_words())
        try:
            part.ping()
            return time.monotonic() - running.started_at
        except Exception as error:
            # Anything may come out of a part that is only half up; the last reason is reported.
            reason = str(error).strip() or type(error).__name__
            time.sleep(0.05)
    raise NotReady(part.name, seconds, reason)


def start(part: Part, seconds: float = 60.0) -> Running:
    """Prepare and start one part and return when it answers. The calling thread must live as long as the part: the
    kernel ends a child when the thread that started it ends."""
    part.prepare()
    running = Running(part.launch())
    try:
        wait_ready(running, part, seconds)
    except BaseException:
        running.stop()
        raise
    return running
