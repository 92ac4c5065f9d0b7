"""A return of the same email: whoever comes back with an address that was erased is somebody new."""

from typing import Any

import pytest

from tests.journey.demo import ROOT
from tests.journey.evidence import gather
from tests.journey.person import Person, Refused
from tests.journey.running import RunningSuite

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
CONSENTS = "/v1/privacy/consents"


def analytics(person: Person) -> dict[str, Any]:
    found: dict[str, Any]
    [found] = [each for each in person.call("GET", CONSENTS)["purposes"] if each["purpose"] == "analytics"]
    return found


def test_an_erased_address_that_returns_gets_new_keys_and_none_of_the_old_consents_and_requests(
    suite: RunningSuite,
) -> None:
    first = suite.person()
    first.register()
    first.sign_in()
    untouched = analytics(first)
    first.call("POST", CONSENTS, {"purpose": "analytics", "given": True})
    assert analytics(first)["allowed"] is True
    first.export()
    request_id, token = first.ask_erasure()
    assert [name for name, _ in first.watch(request_id, token)][-1] == "completed"

    again = Person(first.places, first.email)
    again.register()
    with pytest.raises(Refused):
        first.sign_in()
    again.sign_in()
    assert again.account_id != first.account_id
    assert analytics(again) == untouched
    assert untouched["allowed"] is False
    assert again.call("GET", "/v1/privacy/requests")["items"] == []
    keys = {person.account_id: gather(ROOT, suite.var, suite.port, person.account_id).keys for person in (first, again)}
    assert keys[first.account_id] == 0 < keys[again.account_id]
