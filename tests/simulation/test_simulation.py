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
FOUND_BY = {
    "sealed_with_nothing": 1,
    "restored_service_hears_only_what_is_new": 1,
    "purge_forgets_the_bus": 2,
    "keys_outlive_their_destruction": 2,
    "receipts_trust_the_deletion": 2,
    "silence_counts_as_done": 2,
    "identity_with_the_others": 2,
}
"""The first seed, from 1 on, in which each planted bug shows itself."""


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


def test_every_planted_bug_has_its_seed() -> None:
    assert FOUND_BY.keys() == BUGS.keys()


@pytest.mark.parametrize("name", sorted(BUGS))
def test_a_planted_bug_is_found(simulation: Simulation, name: str) -> None:
    with BUGS[name]():
        assert isinstance(simulation.run(FOUND_BY[name]).finding, Violation)
