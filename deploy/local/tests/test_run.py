"""`python -m nexoraz.local` with the real parts: what a person may do to it and what it says."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from nexoraz.local import ports
from nexoraz.local.__main__ import require_space
from nexoraz.local.errors import DiskFull
from nexoraz.local.layout import Layout
from nexoraz.local.leftovers import Records, holder, look_up

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]


class Copy:
    """One run of the parts, without services, in a process group of its own."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        layout.make_folders()
        self.output = layout.var / f"output-{time.monotonic_ns()}"
        with self.output.open("w") as out:
            self.process = subprocess.Popen(command(layout, "run"), stdout=out, stderr=out, start_new_session=True)

    def wait_ready(self) -> "Copy":
        deadline = time.monotonic() + 60
        while "Everything is ready" not in self.text():
            assert self.process.poll() is None, self.text()
            assert time.monotonic() < deadline, self.text()
            time.sleep(0.05)
        return self

    def text(self) -> str:
        return self.output.read_text()

    def interrupt(self) -> int:
        """Ctrl-C; returns the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        password = (self.layout.secrets / "postgres-admin").read_text()
        return psycopg.connect(f"postgresql://postgres:{password}@127.0.0.1:{self.layout.postgres_port}/postgres")


Start = Callable[[Layout], Copy]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts copies; none outlives the test."""
    copies: list[Copy] = []

    def new(layout: Layout) -> Copy:
        copies.append(Copy(layout))
        return copies[-1]

    yield new
    for copy in copies:
        copy.process.kill()
        copy.process.wait()


def command(layout: Layout, verb: str) -> list[str]:
    folder = [f"--var={layout.var}", f"--port={layout.port}", "--services="]
    return [sys.executable, "-m", "nexoraz.local", verb, *folder]


def ask(layout: Layout, verb: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(layout, verb), capture_output=True, text=True, timeout=90, check=False)


def test_data_outlives_ctrl_c_and_a_kill_of_everything(layout: Layout, start: Start) -> None:
    first = start(layout).wait_ready()
    with first.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
    assert first.interrupt() == 0
    assert Records(layout.run).running() == {}

    second = start(layout).wait_ready()
    kill_everything(second)

    third = start(layout).wait_ready()
    with third.connect() as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (42,)
    assert third.interrupt() == 0


def kill_everything(copy: Copy) -> None:
    pids = [copy.process.pid, *Records(copy.layout.run).running().values()]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    copy.process.wait()


def test_nothing_outlives_a_killed_supervisor(layout: Layout, start: Start) -> None:
    copy = start(layout).wait_ready()
    began = Records(layout.run).all()
    assert len(began) == 6
    copy.process.kill()
    copy.process.wait()
    deadline = time.monotonic() + 30
    while any((process := look_up(pid)) and process.alive for pid, _ in began.values()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert ask(layout, "stop").stdout == "Nothing is running.\n"


def test_a_killed_part_comes_back_with_its_data(layout: Layout, start: Start) -> None:
    copy = start(layout).wait_ready()
    with copy.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
    os.kill(Records(layout.run).running()["postgres"], signal.SIGKILL)
    deadline = time.monotonic() + 30
    while True:
        try:
            with copy.connect() as connection:
                assert connection.execute("SELECT n FROM kept").fetchone() == (42,)
                break
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, copy.text()
            time.sleep(0.1)
    assert copy.interrupt() == 0


def test_two_copies_run_beside_each_other_and_one_copy_runs_once(layout: Layout, start: Start, tmp_path: Path) -> None:
    other = Layout(layout.root, tmp_path / "other", ports.free_range(41))
    copies = [start(layout), start(other)]
    for copy in copies:
        copy.wait_ready()
    again = ask(layout, "run")
    assert again.returncode == 1
    expected = f"This copy is already running (process {copies[0].process.pid}); `make stop` ends it.\n"
    assert again.stderr == expected
    assert "supervisor" in ask(layout, "status").stdout
    assert ask(layout, "stop").stdout == "Stopped; the data stays in var/.\n"
    assert holder(layout.run) is None
    assert holder(other.run) == copies[1].process.pid
    assert copies[1].interrupt() == 0


def test_a_port_in_use_is_one_clear_sentence(layout: Layout) -> None:
    with socket.create_server(("127.0.0.1", layout.nats_port)):
        refused = ask(layout, "run")
    assert refused.returncode == 1
    example = f"choose other ports with PORT=…, for example PORT={layout.port + 100}"
    assert refused.stderr == f"Port {layout.nats_port} (NATS) is in use by another program; {example}.\n"


def test_a_full_disk_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        DiskFull, match=r"^The disk that holds .* is full: \d+ MiB are free and 99999999 MiB are needed\.$"
    ):
        require_space(tmp_path / "not" / "yet", needed_mib=99_999_999)


def test_secrets_and_data_are_closed_to_others_and_no_folder_above_is_opened(layout: Layout, start: Start) -> None:
    layout.var.parent.chmod(0o700)
    copy = start(layout).wait_ready()
    assert copy.interrupt() == 0
    assert layout.var.parent.stat().st_mode & 0o077 == 0
    for path in (layout.secrets, layout.var / "postgres", layout.var / "s3", layout.var / "nats", layout.outside):
        assert path.stat().st_mode & 0o077 == 0, path
    for secret in [path for path in layout.secrets.rglob("*") if path.is_file()]:
        assert secret.stat().st_mode & 0o077 == 0, secret


def test_the_addresses_are_there_for_programs_and_hold_no_secret(layout: Layout, start: Start) -> None:
    copy = start(layout).wait_ready()
    text = (layout.run / "addresses.json").read_text()
    assert json.loads(text)["public_url"] == f"http://localhost:{layout.port}"
    for secret in [path for path in layout.secrets.rglob("*") if path.is_file()]:
        assert secret.read_text() not in text
    assert copy.interrupt() == 0
