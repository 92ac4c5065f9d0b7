"""U4 and "usage within consent" of C2: counted with a yes only, shown in totals that name nobody."""

from typing import Any

import pytest

from tests.journey.person import Person, until
from tests.journey.running import RunningSuite
from tests.policy.asking import ask
from tests.policy.conftest import Evidence

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
shows = pytest.mark.shows
FEATURE = "help"


def use(person: Person, **headers: str) -> bool:
    answer = ask(person, "POST", "/v1/identity/usage", {"feature": FEATURE}, **headers)
    assert answer.status == 202, answer.body
    return answer.json["recorded"] is True


def say(person: Person, given: bool) -> None:
    choice = {"purpose": "analytics", "given": given}
    assert ask(person, "POST", "/v1/privacy/consents", choice).status == 200


def shown(person: Person) -> list[dict[str, Any]]:
    items = ask(Person(person.places), "GET", "/v1/identity/usage/totals").json["items"]
    return [each for each in items if each["feature"] == FEATURE]


def newcomer(suite: RunningSuite) -> Person:
    person = suite.person()
    person.register()
    person.sign_in()
    return person


@shows("C2", "usage within consent")
@shows("U4", "totals without accounts")
@shows("U4", "small groups suppressed")
@shows("U4", "unchanged by an erasure")
def test_use_is_counted_with_a_yes_and_shown_in_groups_that_no_erasure_changes(
    suite: RunningSuite, evidence: Evidence
) -> None:
    people = [newcomer(suite) for _ in range(10)]
    first = people[0]
    assert not use(first)
    for person in people:
        say(person, given=True)
    for person in people[:9]:
        until(lambda person=person: use(person) or None, "a yes was heard")  # type: ignore[misc]  # bound now
    assert not use(first, Sec_GPC="1")
    assert shown(first) == []
    until(lambda: use(people[9]) or None, "a yes was heard")
    [total] = shown(first)
    assert (total["accounts"], set(total)) == (10, {"day", "feature", "accounts", "uses"})
    say(people[1], given=False)
    until(lambda: None if use(people[1]) else True, "a no was heard")
    before = shown(first)
    request_id, token = first.ask_erasure()
    assert [name for name, _ in first.watch(request_id, token)][-1] == "completed"
    assert shown(people[1]) == before
    evidence(f"not before a yes, not after a no, not against Sec-GPC; 9 accounts unseen, then {before[0]['accounts']}")
