"""docs/PROOFS.md names the tests of each of the fifteen hard cases; that they exist is seen by test_proofs.py."""

import re

from tests.docs.test_proofs import NAMED, ROOT

CASES = (
    "lost acknowledgement",
    "silent no-op",
    "coordinator dies",
    "after the erasure",
    "brings a key back",
    "key in its cache",
    "rebuilt from zero",
    "backup is restored",
    "side channels",
    "two people in one event",
    "partial hold",
    "stripe is stuck",
    "requests race",
    "impostor",
    "new service or field",
)
"""The hard cases in their order, by words of their titles."""
CASE = re.compile(r"^### (\d+) (.+)$", re.MULTILINE)


def named() -> dict[str, list[str]]:
    """The tests of each case, by its title."""
    page = (ROOT / "docs" / "PROOFS.md").read_text()
    section = page.partition("## The fifteen hard cases\n")[2].partition("\n## ")[0]
    titles, texts = CASE.findall(section), CASE.split(section)[3::3]
    assert [int(number) for number, _ in titles] == list(range(1, len(CASES) + 1))
    return {title.lower(): NAMED.findall(text) for (_, title), text in zip(titles, texts, strict=True)}


def test_the_fifteen_cases_stand_there_in_their_order() -> None:
    assert len(CASES) == 15
    assert [words for words, title in zip(CASES, named(), strict=True) if words not in title] == []


def test_each_case_names_tests_that_are_its_proof() -> None:
    assert [title for title, tests in named().items() if not tests] == []


def test_every_line_of_the_section_that_looks_like_a_test_is_read_as_one() -> None:
    page = (ROOT / "docs" / "PROOFS.md").read_text()
    section = page.partition("## The fifteen hard cases\n")[2].partition("\n## ")[0]
    assert section.count("\n- ") == sum(map(len, named().values()))
