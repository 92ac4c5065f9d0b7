"""The table says what was seen, and nothing else."""

from nexoraz.privacy.domain.policy import CLAUSES
from tests.policy.clauses import POINTS, Row, table


def test_the_table_has_every_clause_that_the_policy_serves() -> None:
    assert set(POINTS) == {*(clause.id for clause in CLAUSES), "I1"}


def test_a_clause_works_when_each_of_its_points_was_shown_and_none_broke() -> None:
    both = {"erasure on request": "seen", "certificate checked offline": "seen"}
    assert Row("RT2", both, ()).works
    assert not Row("RT2", {"erasure on request": "seen"}, ()).works
    assert not Row("RT2", {}, ()).works
    assert not Row("RT2", both, ("erasure on request",)).works


def test_what_was_not_shown_is_told() -> None:
    lines = table([Row("RT2", {"erasure on request": "a certificate"}, ("certificate checked offline",))])
    assert lines == [
        "RT2  FAILING  1 of 2 points shown",
        "       shown   erasure on request: a certificate",
        "       broken  certificate checked offline",
        f"0 of 1 clauses work; 1 of {sum(map(len, POINTS.values()))} points are shown",
    ]
