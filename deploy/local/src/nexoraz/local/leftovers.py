"""Records of what this copy started, so that a run after `kill -9` of everything ends exactly what is left, by id.

A record names a process and when it began. A process id may have been given to somebody else since; the moment it
began cannot. A session id is the id of the process that was started for it, so whatever carries it belongs to it.
"""

import contextlib
import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nexoraz.local.errors import AlreadyRunning

PATIENCE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Process:
    """One line of the process table. `began` counts clock ticks since the machine started."""

    pid: int
    session: int
    began: int
    state: str

    @property
    def alive(self) -> bool:
        return self.state not in {"Z", "X"}


def look_up(pid: int) -> Process | None:
    """The process with that id, or None. Reads /proc/<pid>/stat, see proc(5)."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    return Process(pid, session=int(after_name[3]), began=int(after_name[19]), state=after_name[0])


def machine_start() -> str:
    """An id that changes when the machine restarts; ticks are counted from there."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


class Records:
    """The records in var/run, one file per process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, pid: int) -> None:
        process = look_up(pid)
        if process is None:
            return
        record = {"pid": pid, "began": process.began, "machine": machine_start()}
        file = self._file(name)
        draft = file.with_suffix(".draft")
        draft.write_text(json.dumps(record))
        draft.rename(file)

    def forget(self, name: str) -> None:
        self._file(name).unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        return self.folder / f"{name.replace(' ', '-')}.process"

    def all(self) -> dict[str, tuple[int, int]]:
        """Name → (process id, when it began) for every record of this machine start."""
        found = {}
        for file in sorted(self.folder.glob("*.process")):
            with contextlib.suppress(ValueError, KeyError, FileNotFoundError):
                record = json.loads(file.read_text())
                if record["machine"] == machine_start():
                    found[file.stem] = (int(record["pid"]), int(record["began"]))
        return found

    def running(self) -> dict[str, int]:
        """Name → process id of those that still run."""
        return {
            name: pid
            for name, (pid, began) in self.all().items()
            if (process := look_up(pid)) is not None and process.began == began and process.alive
        }

    def end_leftovers(self) -> list[str]:
        """End every recorded session that still has a member, politely first. Returns their names. Only for the holder
        of the copy's lock: nobody else can then own them."""
        records = self.all()
        left = {name: members for name, record in records.items() if (members := _members(*record))}
        for signal_number, patience in ((signal.SIGTERM, PATIENCE_SECONDS), (signal.SIGKILL, PATIENCE_SECONDS)):
            if any(_members(*records[name]) for name in left):
                _signal_all([process for name in left for process in _members(*records[name])], signal_number)
                _wait_until_gone([records[name] for name in left], patience)
        for file in self.folder.glob("*.process"):
            file.unlink(missing_ok=True)
        return sorted(left)


def _members(pid: int, began: int) -> list[Process]:
    """Living members of the session that `pid` was started for. Where `pid` now is a later process, there are none."""
    leader = look_up(pid)
    if leader is not None and leader.began != began:
        return []
    table = (look_up(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    ours = (process for process in table if process and process.session == pid and process.began >= began)
    return [process for process in ours if process.alive]


def _signal_all(processes: list[Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process.pid, number)


def _wait_until_gone(records: list[tuple[int, int]], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(_members(*record) for record in records):
        time.sleep(0.05)


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the copy's lock. The kernel lets go of it when the holder dies. Raises AlreadyRunning."""
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise AlreadyRunning(int(lock.read().strip() or 0)) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def holder(folder: Path) -> int | None:
    """Process id of whoever runs this copy now, or None."""
    try:
        with only_one(folder):
            return None
    except AlreadyRunning as running:
        return running.pid
    except FileNotFoundError:
        return None
