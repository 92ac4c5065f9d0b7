"""`make simulate SEEDS=10000 FIRST=1`: plays seeds until one finds something, prints it, and how to see it again."""

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from itertools import count

from tests.simulation.bugs import BUGS
from tests.simulation.simulation import Outcome, Simulation

SAY_EVERY_S = 10.0
AT_A_TIME = 8


def main() -> int:
    parser = argparse.ArgumentParser(prog="simulate", description="Simulates the five services, seed by seed.")
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, help="play this one only")
    parser.add_argument("--trace", action="store_true", help="with --seed: everything that happened")
    parser.add_argument("--bug", choices=sorted(BUGS), help="with a planted bug")
    options = parser.parse_args()
    if options.seed is not None:
        return one(options.seed, options.bug, options.trace)
    if options.bug:
        simulation = Simulation()  # the services begin as they are
        with BUGS[options.bug]():
            return told(map(simulation.run, range(options.first, options.first + options.seeds)), options.seeds)
    return told(played(range(options.first, options.first + options.seeds), options.jobs), options.seeds)


def one(seed: int, bug: str | None, trace: bool) -> int:
    simulation = Simulation()
    if bug:
        with BUGS[bug]():
            outcome = simulation.run(seed)
    else:
        outcome = simulation.run(seed)
    if trace:
        sys.stdout.write("\n".join(outcome.trace) + "\n")
    sys.stdout.write(f"seed {seed}: {outcome.finding or 'nothing found'}; trace {outcome.digest}\n")
    return 1 if outcome.finding else 0


def told(outcomes: Iterator[Outcome], seeds: int) -> int:
    """Progress, and the first finding."""
    begun = said = time.perf_counter()
    certificates = exports = kills = 0
    for number in count(1):
        outcome = next(outcomes, None)
        if outcome is None:
            break
        certificates, exports = certificates + outcome.certificates, exports + outcome.exports
        kills += outcome.kills
        if outcome.finding is not None:
            sys.stdout.write(
                f"seed {outcome.seed} found: {outcome.finding}\nto see it again: make replay SEED={outcome.seed}\n"
            )
            return 1
        now = time.perf_counter()
        if now - said > SAY_EVERY_S or number == seeds:
            said, rate = now, number / (now - begun) * 60
            done = f"{certificates} erasures certified, {exports} exports, {kills} kills"
            sys.stdout.write(f"{number} of {seeds} seeds, {rate:.0f} a minute: {done}, nothing found\n")
            sys.stdout.flush()
    return 0


def played(seeds: range, jobs: int) -> Iterator[Outcome]:
    if jobs == 1 or len(seeds) < AT_A_TIME:
        yield from map(Simulation().run, seeds)
        return
    with multiprocessing.get_context("fork").Pool(jobs, _make) as pool:
        yield from pool.imap(_play, seeds, chunksize=AT_A_TIME)


_here: list[Simulation] = []


def _make() -> None:
    _here.append(Simulation())


def _play(seed: int) -> Outcome:
    return _here[0].run(seed)


if __name__ == "__main__":
    sys.exit(main())
