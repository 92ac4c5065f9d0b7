"""Units come up in the order of their needs, come back when they are killed, and go down in order."""

import asyncio
import io
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from nexoraz.local import ports
from nexoraz.local.console import Console
from nexoraz.local.errors import ProcessDied, StepFailed
from nexoraz.local.leftovers import Records, look_up
from nexoraz.local.processes import Launch, plain_environment
from nexoraz.local.supervisor import Supervisor
from nexoraz.local.units import Keep, Step, Task, Unit, UnknownNeed

LISTENER = """
import signal, socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(print("bye", flush=True)))
while True:
    server.accept()[0].close()
"""


@dataclass(frozen=True)
class StandIn:
    """A process that listens; it answers when a connection is accepted."""

    name: str
    port: int
    folder: Path
    program: str = LISTENER

    def prepare(self) -> None:
        """Nothing to prepare."""

    def launch(self) -> Launch:
        command = (sys.executable, "-c", self.program, str(self.port))
        return Launch(self.name, command, self.folder / f"{self.name}.log", plain_environment())

    def ping(self) -> None:
        socket.create_connection(("127.0.0.1", self.port), timeout=1).close()


class Bench:
    """One supervisor under test and what it printed."""

    def __init__(self, folder: Path, units: list[Unit]) -> None:
        self.out = io.StringIO()
        self.records = Records(folder)
        self.supervisor = Supervisor(units, self.records, Console(self.out), pauses=(0.05, 0.1))

    def run(self, act: Callable[[], None]) -> None:
        """Run the suite; call `act` in a thread once everything is ready, then ask for the end."""

        async def both() -> None:
            running = asyncio.create_task(self.supervisor.run("the table"))
            await asyncio.to_thread(until, lambda: "the table" in self.out.getvalue() or running.done(), 60)
            if not running.done():
                await asyncio.to_thread(act)
                os.kill(os.getpid(), signal.SIGINT)
            await running

        asyncio.run(both())


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def answers(part: StandIn) -> bool:
    try:
        part.ping()
    except OSError:
        return False
    return True


def test_units_come_up_when_their_needs_are_up(tmp_path: Path) -> None:
    seen: list[str] = []
    part = StandIn("first", ports.free_range(1), tmp_path)
    task = Launch("task", (sys.executable, "-c", "print('migrated')"), tmp_path / "task.log", plain_environment())
    units: list[Unit] = [
        Step("last", "Last", lambda: seen.append("last"), needs=("task",)),
        Task(task, "Task", needs=("step",)),
        Step("step", "Step", lambda: seen.append("step" if answers(part) else "too early"), needs=("first",)),
        Keep(part, "First"),
    ]
    bench = Bench(tmp_path, units)
    bench.run(lambda: None)
    assert seen == ["step", "last"]
    assert (tmp_path / "task.log").read_text() == "migrated\n"


def test_a_killed_process_comes_back_by_itself_again_and_again(tmp_path: Path) -> None:
    part = StandIn("web", ports.free_range(1), tmp_path)
    bench = Bench(tmp_path, [Keep(part, "web")])
    pids: list[int] = []

    def kill_three_times() -> None:
        for _ in range(3):
            pids.append(bench.records.running()["web"])
            os.kill(pids[-1], signal.SIGKILL)
            until(lambda: bench.records.running().get("web", pids[-1]) != pids[-1] and answers(part))

    bench.run(kill_three_times)
    assert len(set(pids)) == 3
    assert bench.out.getvalue().count("web was killed by SIGKILL; starting it again") == 3
    assert bench.records.running() == {}


def test_the_end_is_polite_and_in_order(tmp_path: Path) -> None:
    first = ports.free_range(2)
    front, store = StandIn("front", first, tmp_path), StandIn("store", first + 1, tmp_path)
    bench = Bench(tmp_path, [Keep(store, "store", stop_order=1), Keep(front, "front", needs=("store",))])
    bench.run(lambda: None)
    logs = [tmp_path / "front.log", tmp_path / "store.log"]
    assert [log.read_text() for log in logs] == ["bye\n", "bye\n"]
    assert logs[0].stat().st_mtime_ns < logs[1].stat().st_mtime_ns


def test_a_process_that_cannot_start_is_named_with_its_last_words(tmp_path: Path) -> None:
    good = StandIn("good", ports.free_range(1), tmp_path)
    bad = StandIn("bad", 1, tmp_path, program="raise SystemExit('NEXORAZ_DATABASE_URL is missing')")
    bench = Bench(tmp_path, [Keep(good, "good"), Keep(bad, "billing web", needs=("good",))])
    with pytest.raises(ProcessDied, match=r"billing web ended with status 1 .* NEXORAZ_DATABASE_URL is missing"):
        bench.run(lambda: None)
    assert not answers(good)
    assert bench.records.running() == {}


def test_a_failing_migration_ends_the_start(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "import sys; sys.exit('relation events is in the way')")
    migration = Launch("m", command, tmp_path / "m.log", plain_environment())
    with pytest.raises(StepFailed, match="billing migrations failed: relation events is in the way"):
        Bench(tmp_path, [Task(migration, "billing migrations")]).run(lambda: None)


def test_a_need_that_nothing_meets_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(UnknownNeed, match="late needs what is not there: never"):
        Bench(tmp_path, [Step("late", "Late", lambda: None, needs=("never",))]).run(lambda: None)


def test_what_a_killed_run_left_is_ended_and_a_reused_id_is_not(tmp_path: Path) -> None:
    part = StandIn("left", ports.free_range(1), tmp_path)
    running = subprocess_of(part)
    stranger = subprocess_of(StandIn("stranger", part.port, tmp_path, program="import time; time.sleep(60)"))
    records = Records(tmp_path)
    records.write("left", running)
    records.write("reused", stranger)
    aged = tmp_path / "reused.process"
    aged.write_text(aged.read_text().replace('"began": ', '"began": 1'))
    assert records.end_leftovers() == ["left"]
    until(lambda: (process := look_up(running)) is None or not process.alive)
    process = look_up(stranger)
    assert process is not None
    assert process.alive
    os.kill(stranger, signal.SIGKILL)


def subprocess_of(part: StandIn) -> int:
    """A process in a session of its own, as `Running` starts one, without the death signal."""
    return os.posix_spawn(sys.executable, [*part.launch().command], os.environ, setsid=True)
