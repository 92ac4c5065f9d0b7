"""X4 and "support by mail" of U2: questions are answered by mail; a request by form becomes a tracked one."""

import pytest

from tests.journey.person import Person, until
from tests.journey.running import RunningSuite
from tests.policy.asking import ask
from tests.policy.conftest import Evidence
from tests.policy.operators import PURPOSE, operator

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
shows = pytest.mark.shows
MESSAGES, DESK = "/v1/privacy/support/messages", "/v1/privacy/admin/support"


def write(person: Person, about: str) -> str:
    body = {"email": person.email, "about": about, "text": "Where is my picture of the cup?"}
    sent = ask(Person(person.places), "POST", MESSAGES, body)
    assert sent.status == 202
    return str(sent.json["id"])


def text_of(person: Person, subject: str) -> str:
    found: str = until(
        lambda: next((m["text"] for m in person.mails() if m["subject"] == subject), None), f"{subject} came"
    )
    return found


@shows("X4", "support address and form")
@shows("U2", "support by mail")
def test_a_message_reaches_the_queue_and_its_answer_comes_by_mail(suite: RunningSuite, evidence: Evidence) -> None:
    stranger = suite.person()
    page = ask(stranger, "GET", "/v1/privacy/support").body.decode()
    assert "<form" in page
    assert "support@nexoraz.pro" in page
    ticket, desk = write(stranger, "question"), operator(suite)
    queue = ask(desk, "GET", DESK, **PURPOSE).json["items"]
    assert stranger.email in [each["email"] for each in queue if each["id"] == ticket]
    assert ask(desk, "POST", f"{DESK}/{ticket}/answer", {"text": "In your gallery."}, **PURPOSE).status == 202
    assert "In your gallery." in text_of(stranger, "Our answer")
    evidence("a message without an account was queued, and answered by mail")


@shows("X4", "becomes a tracked request")
def test_a_request_by_form_is_tracked_once_its_person_confirms_it(suite: RunningSuite, evidence: Evidence) -> None:
    eve, nobody = suite.person(), suite.person()
    eve.register()
    ids = {person.email: write(person, "access") for person in (nobody, eve)}
    assert ids[eve.email] in text_of(eve, "Is this request yours?")
    eve.sign_in()
    confirmed = ask(eve, "POST", f"/v1/privacy/requests/referred/{ids[eve.email]}/confirmation")
    assert confirmed.status == 202, confirmed.body
    listed = [(each["id"], each["type"]) for each in eve.call("GET", "/v1/privacy/requests")["items"]]
    assert listed == [(confirmed.json["id"], "access")]
    assert nobody.mails() == []
    evidence(
        f"request {confirmed.json['id'][:8]} with a deadline; an address without an account got the same 202, no mail"
    )
