"""`python -m benchmarks [--quick] [--only NAME …]`: every figure in one run, each beside its ceiling or peer."""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import bus, erasure, erasure_rows, http, latency, render, rotation, store
from benchmarks.bus_services import quiet
from benchmarks.figures import FULL, QUICK, Figure
from benchmarks.parts import Parts
from nexoraz.local.suite import THROTTLE_FACTOR

FIGURES: Mapping[str, Callable[[Parts], list[Figure]]] = {
    "append": store.one_writer,
    "callers": store.many_callers,
    "replay": store.replay,
    "relay": bus.relay_figure,
    "consume": bus.consume_figure,
    "latency": latency.latency_figures,
    "http": http.figures,
    "render": render.figures,
    "erase-rows": erasure_rows.figures,
    "erasure": erasure.figures,
    "rotation": rotation.figures,
}
LONG = ("render", "erasure")
"""Left out by --quick."""


def table(figures: list[Figure]) -> str:
    """One line for each figure, in columns."""
    lines = [("figure", "value", "", "beside", "", "ratio", "target", "")]
    for f in figures:
        bound = f.target.removeprefix("limit ")
        ratio = "" if f.target.startswith("limit") else f"{f.ratio:.2f}"
        verdict = "met" if f.met else "MISSED"
        reference = "" if f.reference_value == 1.0 else f"{f.reference_value:,.1f}"
        lines.append((f.name, f"{f.value:,.1f}", f.unit, f.reference, reference, ratio, bound, verdict))
    widths = [max(len(line[n]) for line in lines) for n in range(8)]
    right = (1, 4, 5)
    cells = [[c.rjust(w) if n in right else c.ljust(w) for n, (c, w) in enumerate(zip(line, widths, strict=True))]
             for line in lines]  # fmt: skip
    return "\n".join("  ".join(line).rstrip() for line in cells)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter and rougher, in less than a minute")
    parser.add_argument("--only", nargs="+", choices=FIGURES, metavar="NAME", help=f"some of: {', '.join(FIGURES)}")
    chosen = parser.parse_args()
    names = chosen.only or [name for name in FIGURES if not (chosen.quick and name in LONG)]
    quiet()
    os.environ[THROTTLE_FACTOR] = "1000"  # all the load comes from one address and few accounts
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started is ended then, too
    found: list[Figure] = []
    try:
        with tempfile.TemporaryDirectory(prefix="nexoraz-bench-") as folder:
            Path(folder).chmod(0o711)  # PostgreSQL runs as another user when we are root
            with Parts(Path(folder), QUICK if chosen.quick else FULL) as parts:
                for name in names:
                    started = time.perf_counter()
                    found += FIGURES[name](parts)
                    sys.stderr.write(f"{name}: {time.perf_counter() - started:.0f} s\n")
    finally:
        if found:
            print(table(found))  # also when interrupted: what was measured is worth knowing
    return 0


if __name__ == "__main__":
    sys.exit(main())
