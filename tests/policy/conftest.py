"""`@shows(clause, point)` says what a test proves, `evidence(text)` what it saw; `--policy` prints it by clauses."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.journey.person import Person
from tests.journey.running import RunningSuite
from tests.policy.clauses import POINTS, Row, table

Evidence = Callable[[str], None]
SEEN = pytest.StashKey["Seen"]()
TEXT = "evidence"


@dataclass
class Seen:
    """What the tests of this run showed, by clause and point."""

    shown: dict[tuple[str, str], str] = field(default_factory=dict)
    failed: set[tuple[str, str]] = field(default_factory=set)

    def rows(self) -> list[Row]:
        return [
            Row(
                clause,
                {point: self.shown[clause, point] for point in points if (clause, point) in self.shown},
                tuple(point for point in points if (clause, point) in self.failed),
            )
            for clause, points in POINTS.items()
        ]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--policy", action="store_true", help="print what was seen of each clause of the policy")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "shows(clause, point): what the test proves of the policy")
    config.stash[SEEN] = Seen()


def claims(item: pytest.Item) -> list[tuple[str, str]]:
    return [(str(mark.args[0]), str(mark.args[1])) for mark in item.iter_markers("shows")]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    unknown = [claim for item in items for claim in claims(item) if claim[1] not in POINTS.get(claim[0], ())]
    if unknown:
        raise pytest.UsageError(f"no such point of a clause: {unknown}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Iterator[None]:
    outcome: Any = yield
    report = outcome.get_result()
    seen = item.config.stash[SEEN]
    said = dict(report.user_properties).get(TEXT, "")
    for claim in claims(item):
        if report.failed:
            seen.failed.add(claim)
            seen.shown.pop(claim, None)
        elif report.when == "call" and report.passed and claim not in seen.failed:
            seen.shown[claim] = str(said)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if config.getoption("--policy", default=False):
        terminalreporter.section("the policy, clause by clause")
        for line in table(config.stash[SEEN].rows()):
            terminalreporter.write_line(line)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A clause that is not shown to work fails the run, when the table is asked for."""
    asked = session.config.getoption("--policy", default=False) and exitstatus == 0
    if asked and not all(row.works for row in session.config.stash[SEEN].rows()):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def evidence(record_property: Callable[[str, object], None]) -> Evidence:
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        record_property(TEXT, "; ".join(said))

    return say


@pytest.fixture(scope="session")
def ann(suite: RunningSuite) -> Person:
    """Somebody who is signed in and has a photo, ten credits and a picture."""
    person = suite.person()
    person.register()
    person.sign_in()
    return person
