"""What the person at the terminal sees."""

import sys
import time
from dataclasses import dataclass, field
from typing import TextIO


@dataclass
class Console:
    """Lines with the seconds since the start in front."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    began: float = field(default_factory=time.monotonic)

    def line(self, text: str) -> None:
        print(f"[{time.monotonic() - self.began:5.1f} s] {text}", file=self.out, flush=True)

    def up(self, title: str, seconds: float) -> None:
        self.line(f"{title:<32} {seconds:5.1f} s")

    def note(self, text: str) -> None:
        self.line(text)

    def ready(self, table: str) -> None:
        self.line("Everything is ready.")
        print(table, file=self.out, flush=True)


def table(rows: list[tuple[str, str]]) -> str:
    """Two aligned columns between blank lines."""
    width = max(len(name) for name, _ in rows)
    return "\n" + "\n".join(f"  {name:<{width}}  {value}" for name, value in rows) + "\n"
