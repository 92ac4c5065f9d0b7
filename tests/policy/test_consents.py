"""C4, RT3 and the receipts of I1: what a person allows, with an account and without one."""

from typing import Any

import pytest

from nexoraz.privacy.adapters.signatures import verified
from tests.journey.person import Person
from tests.policy.asking import Answer, ask
from tests.policy.conftest import Evidence

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
shows = pytest.mark.shows
OWN, VISITORS = "/v1/privacy/consents", "/v1/privacy/visitor/consents"


def analytics(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, answer.body
    found: dict[str, Any] = next(each for each in answer.json["purposes"] if each["purpose"] == "analytics")
    return found


def say(person: Person, path: str, given: bool, **headers: str) -> Answer:
    return ask(person, "POST", path, {"purpose": "analytics", "given": given}, **headers)


@shows("C4", "consent by purpose and version")
@shows("C4", "refusal as easy as acceptance")
@shows("RT3", "preferences at any time")
@shows("I1", "consent receipts")
def test_yes_and_no_are_the_same_call_and_each_has_its_signed_receipt(ann: Person, evidence: Evidence) -> None:
    ann.sign_in()
    [key] = ask(ann, "GET", "/v1/privacy/keys").json["keys"]
    seen = []
    for given in (True, False):
        shown = analytics(say(ann, OWN, given))
        assert analytics(ask(ann, "GET", OWN)) == shown
        receipt = verified(ask(ann, "GET", shown["receipt"]).body, key)
        record = receipt["dpv:hasRecordOfActivity"]
        assert record["dpv:hasNotice"]["dct:hasVersion"] == ask(ann, "GET", "/v1/privacy/policy").json["version"]
        seen.append(record["dpv:hasConsentStatus"][0]["@type"])
        assert shown["allowed"] is given
    assert seen[0] == "dpv:ConsentGiven"
    evidence(f"{seen} by the same POST; each receipt conforms to {receipt['dct:conformsTo']} and is signed")


@shows("RT3", "without an account")
@shows("C4", "Sec-GPC honoured")
@shows("C4", "gpc.json")
def test_a_visitor_chooses_without_an_account_and_the_browsers_signal_wins(ann: Person, evidence: Evidence) -> None:
    nobody = Person(ann.places)
    assert "Set-Cookie" not in ask(nobody, "GET", VISITORS).headers
    [cookie] = say(nobody, VISITORS, given=True).headers.getlist("Set-Cookie")
    own = {"Cookie": cookie.partition(";")[0]}
    assert analytics(ask(nobody, "GET", VISITORS, **own))["allowed"] is True
    assert analytics(ask(nobody, "GET", VISITORS, Sec_GPC="1", **own))["allowed"] is False
    after = analytics(ask(nobody, "GET", VISITORS, **own))
    assert (after["decision"], after["indicated_by"]) == ("withdrawn", "global-privacy-control")
    assert say(nobody, VISITORS, given=True, Sec_GPC="1", **own).status == 409
    gpc = ask(nobody, "GET", "/.well-known/gpc.json")
    assert (gpc.status, gpc.headers["Content-Type"], gpc.json["gpc"]) == (200, "application/json", True)
    evidence(f"a cookie by choice only; Sec-GPC: 1 ended an older yes, on record; gpc.json says {gpc.json}")
