"""docs/PROOFS.md is true: it proves what the README promises, by tests that pytest collects."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROMISE = re.compile(r"^- \*\*(G\d+)\*\* (.+)$", re.MULTILINE)
PROVEN = re.compile(r"^## (G\d+) (.+)$", re.MULTILINE)
NAMED = re.compile(r"^- `([\w/.-]+\.py(?:::\w+)+)`$", re.MULTILINE)


def promises() -> dict[str, str]:
    """The guarantees of the README, by their number."""
    text = (ROOT / "README.md").read_text()
    return dict(PROMISE.findall(text.partition("<!-- guarantees -->")[2].partition("<!-- end of guarantees -->")[0]))


def proofs() -> dict[str, list[str]]:
    """The tests that the page names, by guarantee."""
    sections = re.split(r"^(?=## )", (ROOT / "docs" / "PROOFS.md").read_text(), flags=re.MULTILINE)
    found = {}
    for section in sections:
        if title := PROVEN.match(section):
            found[title[1]] = NAMED.findall(section)
    return found


def named_tests() -> list[str]:
    """All that the page names, in whatever section."""
    return sorted(set(NAMED.findall((ROOT / "docs" / "PROOFS.md").read_text())))


@pytest.fixture(scope="module")
def collected() -> set[str]:
    """Every test in the named files as pytest itself finds them, those of classes without their class too."""
    files = sorted({test.partition("::")[0] for test in named_tests()})
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:xdist", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    ids = [line.partition("[")[0] for line in done.stdout.splitlines() if "::" in line]
    return {*ids, *(f"{each.partition('::')[0]}::{each.rpartition('::')[2]}" for each in ids)}


def test_every_guarantee_of_the_readme_is_proven_in_the_same_words() -> None:
    text = (ROOT / "docs" / "PROOFS.md").read_text()
    assert dict(PROVEN.findall(text)) == promises()
    assert promises()


def test_every_guarantee_names_tests_that_try_to_break_it() -> None:
    assert [number for number, tests in proofs().items() if len(tests) < 3] == []


def test_every_named_test_is_collected(collected: set[str]) -> None:
    assert [test for test in named_tests() if test not in collected] == []


def test_no_named_test_is_skipped() -> None:
    skipping = re.compile(r"pytest\.(mark\.)?(skip|xfail)")
    files = {ROOT / test.partition("::")[0] for test in named_tests()}
    assert [str(file.relative_to(ROOT)) for file in sorted(files) if skipping.search(file.read_text())] == []


def test_the_page_says_what_is_not_proven() -> None:
    page = (ROOT / "docs" / "PROOFS.md").read_text()
    assert "\n- **" in page.partition("## Not proven yet")[2]
