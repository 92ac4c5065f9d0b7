"""Support over HTTP: a form, a queue, an answer by mail; a request by form that its person confirms."""

from uuid import uuid4

import pytest
from sqlalchemy import text

from nexoraz.privacy.application.referrals import KEPT_S
from services.privacy.tests.integration.driver import Coordinator

pytestmark = pytest.mark.real
ANN = "ann@example.org"


def write(coordinator: Coordinator, about: str, words: str = "Where is my picture?") -> str:
    body = {"email": ANN, "about": about, "text": words}
    sent = coordinator.client.post("/v1/privacy/support/messages", json=body, headers={"Idempotency-Key": "k"})
    assert sent.status_code == 202, sent.text
    return str((sent.json or {})["id"])


def test_a_question_reaches_the_queue_and_is_answered_by_mail_once(coordinator: Coordinator) -> None:
    id_ = write(coordinator, "question")
    assert write(coordinator, "question") == id_
    [waiting] = (coordinator.as_operator("GET", "/support").json or {})["items"]
    assert (waiting["id"], waiting["email"], waiting["text"]) == (id_, ANN, "Where is my picture?")
    assert coordinator.as_operator("POST", f"/support/{id_}/answer", {"text": "In your gallery."}).status_code == 202
    assert coordinator.as_operator("POST", f"/support/{id_}/answer", {"text": "Again."}).status_code == 409
    coordinator.run_tasks()
    [(to, kind, facts)] = coordinator.letters.written
    assert (to, kind, facts["answer"]) == (ANN, "support-answer", "In your gallery.")
    assert (coordinator.as_operator("GET", "/support").json or {})["items"] == []


def test_what_was_written_lies_sealed_and_goes_a_month_after_it_was_settled(coordinator: Coordinator) -> None:
    id_ = write(coordinator, "question")
    found = text("SELECT count(*) FROM referral_contents c WHERE strpos(c::text, :t) > 0")
    rows = text("SELECT count(*) FROM referral_contents")
    with coordinator.app.runtime.engine.connect() as connection:
        assert connection.execute(found, {"t": "picture"}).scalar() == 0
    coordinator.as_operator("POST", f"/support/{id_}/answer", {"text": "In your gallery."})
    coordinator.run_tasks()
    with coordinator.app.runtime.engine.connect() as connection:
        assert connection.execute(rows).scalar() == 1
    coordinator.let_time_pass(seconds=KEPT_S)
    coordinator.run_tasks()
    with coordinator.app.runtime.engine.connect() as connection:
        assert connection.execute(rows).scalar() == 0


def test_a_request_by_form_becomes_a_request_when_its_person_confirms_it(coordinator: Coordinator) -> None:
    coordinator.announce()
    id_, account = write(coordinator, "access", "All that you have of me, please."), str(uuid4())
    coordinator.run_tasks()
    [(to, kind, facts)] = coordinator.letters.written
    assert (to, kind, facts["referral"]) == (ANN, "confirm-request", id_)
    path = f"/v1/privacy/requests/referred/{id_}/confirmation"
    assert coordinator.client.post(path).status_code == 401
    confirmed = coordinator.client.post(path, headers=coordinator.narrow(account))
    assert (confirmed.status_code, (confirmed.json or {})["type"]) == (202, "access")
    listed = (coordinator.get("/requests", account).json or {})["items"]
    assert [each["id"] for each in listed] == [(confirmed.json or {})["id"]]
    again = coordinator.client.post(path, headers=coordinator.narrow(str(uuid4())))
    assert again.status_code == 409
    strange = coordinator.client.post(path.replace(id_, str(uuid4())), headers=coordinator.narrow(account))
    assert strange.status_code == 404


def test_the_form_of_a_browser_does_the_same_and_a_mail_is_entered(coordinator: Coordinator) -> None:
    assert b"<form" in coordinator.client.get("/v1/privacy/support").data
    body = {"email": ANN, "about": "erasure", "text": "Erase me."}
    assert coordinator.client.post("/v1/privacy/support", data=body).status_code == 200
    assert coordinator.as_operator("POST", "/support", body).status_code == 202
    waiting = (coordinator.as_operator("GET", "/support").json or {})["items"]
    assert sorted(each["source"] for each in waiting) == ["form", "mail"]


@pytest.mark.parametrize(
    "wrong", [{"email": "no address"}, {"about": "everything"}, {"text": ""}, {"text": "x" * 2001}]
)
def test_bad_messages_are_refused(coordinator: Coordinator, wrong: dict[str, str]) -> None:
    body = {"email": ANN, "about": "question", "text": "Hello"} | wrong
    headers = {"Idempotency-Key": "k"}
    assert coordinator.client.post("/v1/privacy/support/messages", json=body, headers=headers).status_code == 422
