"""Consents over HTTP, of an account and of somebody without one (clauses C4, RT3)."""

from uuid import uuid4

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from nexoraz.privacy.adapters.signatures import verified
from nexoraz.privacy.web.consents import VISITOR
from services.privacy.tests.integration.driver import Coordinator

pytestmark = pytest.mark.real
OWN, VISITORS = "/v1/privacy/consents", "/v1/privacy/visitor/consents"
SIGNAL = {"Sec-GPC": "1"}


def choose(coordinator: Coordinator, path: str, given: bool, **headers: str) -> TestResponse:
    return coordinator.client.post(path, json={"purpose": "analytics", "given": given}, headers=headers)


def analytics(answer: TestResponse) -> dict[str, object]:
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    return next(each for each in answer.json["purposes"] if each["purpose"] == "analytics")


def test_an_account_says_yes_and_no_by_the_same_call_and_gets_a_genuine_receipt_of_each(
    coordinator: Coordinator,
) -> None:
    headers = coordinator.headers(str(uuid4()))
    assert analytics(coordinator.client.get(OWN, headers=headers))["decision"] is None
    for given, decision in ((True, "given"), (False, "withdrawn"), (True, "given")):
        shown = analytics(choose(coordinator, OWN, given, **headers))
        assert (shown["decision"], shown["allowed"]) == (decision, given)
        signed = coordinator.client.get(str(shown["receipt"]), headers=headers)
        keys = coordinator.client.get("/v1/privacy/keys").json
        assert keys is not None
        assert verified(signed.data, keys["keys"][0])["@type"] == "dpv:ConsentReceipt"
        stranger = coordinator.client.get(str(shown["receipt"]), headers=coordinator.headers(str(uuid4())))
        assert stranger.status_code == 404


def test_reading_sets_no_cookie_and_a_choice_sets_one_that_knows_it_again(coordinator: Coordinator) -> None:
    first = coordinator.client.get(VISITORS)
    assert "Set-Cookie" not in first.headers
    chosen = choose(coordinator, VISITORS, given=False)
    [cookie] = chosen.headers.getlist("Set-Cookie")
    assert cookie.startswith(f"{VISITOR}=")
    assert all(mark in cookie for mark in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"))
    with_cookie = {"Cookie": cookie.partition(";")[0]}
    assert analytics(coordinator.client.get(VISITORS, headers=with_cookie))["decision"] == "refused"
    assert analytics(choose(coordinator, VISITORS, given=True, **with_cookie))["allowed"] is True
    assert analytics(coordinator.client.get(VISITORS, headers=with_cookie))["allowed"] is True
    with coordinator.app.runtime.engine.connect() as connection:
        rows = connection.execute(text("SELECT count(DISTINCT account_id), count(*) FROM consents")).one()
        token = cookie.partition("=")[2].partition(";")[0]
        found = connection.execute(text("SELECT count(*) FROM consents c WHERE strpos(c::text, :t) > 0"), {"t": token})
        assert (tuple(rows), found.scalar()) == ((1, 1), 0)


def test_the_id_of_an_account_as_a_cookie_leads_nowhere(coordinator: Coordinator) -> None:
    account = str(uuid4())
    choose(coordinator, OWN, given=True, **coordinator.headers(account))
    for value in (account, account.ljust(43, "A")):
        seen = coordinator.client.get(VISITORS, headers={"Cookie": f"{VISITOR}={value}"})
        assert analytics(seen)["decision"] is None


@pytest.mark.parametrize("path", [OWN, VISITORS])
def test_the_signal_wins_over_an_older_yes_and_is_recorded(coordinator: Coordinator, path: str) -> None:
    headers = coordinator.headers(str(uuid4())) if path == OWN else {}
    answer = choose(coordinator, path, given=True, **headers)
    if path == VISITORS:
        headers = {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}
    for value in ("0", "true", "1,1", ""):
        assert analytics(coordinator.client.get(path, headers={**headers, "Sec-GPC": value}))["allowed"] is True
    seen = analytics(coordinator.client.get(path, headers={**headers, **SIGNAL}))
    assert (seen["allowed"], seen["decision"]) == (False, "withdrawn")
    assert analytics(coordinator.client.get(path, headers=headers))["indicated_by"] == "global-privacy-control"
    refused = choose(coordinator, path, given=True, **headers, **SIGNAL)
    assert (refused.status_code, refused.json and refused.json["purpose"]) == (409, "analytics")


def test_the_signal_of_a_browser_that_has_chosen_nothing_leaves_no_trace(coordinator: Coordinator) -> None:
    seen = coordinator.client.get(VISITORS, headers=SIGNAL)
    assert analytics(seen)["allowed"] is False
    assert "Set-Cookie" not in seen.headers
    with coordinator.app.runtime.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM events WHERE type LIKE 'consent%'")).scalar() == 0


def test_what_we_support_of_global_privacy_control_is_said_in_its_own_form(coordinator: Coordinator) -> None:
    answer = coordinator.client.get("/v1/privacy/gpc.json")
    assert (answer.mimetype, set(answer.json or ())) == ("application/json", {"gpc", "lastUpdate"})
