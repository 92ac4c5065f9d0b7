"""What processes take of the machine's memory while something runs, by Linux's own count."""

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

EVERY_S = 0.1
MEBIBYTE = 2**20


def pss(pid: int) -> int:
    """Bytes: the process's own pages, and its share of those that it has in common with others."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"process {pid} has no memory")


@dataclass
class Memory:
    """Watches processes inside a `with`; `peak_mib` has the largest of each afterwards."""

    pids: Mapping[str, int]
    peak_mib: dict[str, float] = field(default_factory=dict)
    _done: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread = field(init=False)

    def __enter__(self) -> "Memory":
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(EVERY_S):
            for name, pid in self.pids.items():
                with suppress(OSError, ValueError):  # a process that was killed meanwhile
                    self.peak_mib[name] = max(self.peak_mib.get(name, 0.0), pss(pid) / MEBIBYTE)
