"""The simulation repeats itself, finds nothing in the services as they are, and finds every planted bug."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.bugs import BUGS
from tests.simulation.oracle import Violation
from tests.simulation.simulation import Simulation

ROOT = Path(__file__).parents[2]
SEEDS = range(1, 3)
FOUND_WITHIN = range(1, 9)
"""Seeds of which one shows a planted bug. Which one moves with every new event or table, so none is named here."""


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return Simulation()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_finds_nothing(simulation: Simulation, seed: int) -> None:
    outcome = simulation.run(seed)
    assert outcome.finding is None, f"make simulate SEEDS=1 FIRST={seed} shows it: {outcome.finding}"


def test_a_seed_is_the_same_run_byte_for_byte_in_every_process(simulation: Simulation) -> None:
    simulation.run(2)
    here = simulation.run(1).digest
    assert simulation.run(1).digest == here
    command = [sys.executable, "-m", "tests.simulation", "--seed", "1"]
    other = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "7"}, capture_output=True, text=True, check=True
    )
    assert other.stdout.endswith(f"trace {here}\n")


@pytest.mark.parametrize("name", sorted(BUGS))
def test_a_planted_bug_is_found(simulation: Simulation, name: str) -> None:
    with BUGS[name]():
        assert any(isinstance(simulation.run(seed).finding, Violation) for seed in FOUND_WITHIN)
