"""A request in an operator's hands, over HTTP on the real database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from nexoraz.privacy.domain.events import ErasureAsked, NoticeGiven
from nexoraz.privacy.domain.vocabulary import Answer
from services.privacy.tests.integration.driver import Coordinator

pytestmark = pytest.mark.real

WORDS = "Ann Example's photos come from four services, and one of them was moved"
EXTENSION = {"reason": "complexity", "text": WORDS}
DENIAL = {"reason": "excessive", "text": WORDS}


def asked(coordinator: Coordinator, account: str, **body: Any) -> dict[str, Any]:
    answer = coordinator.client.post(
        "/v1/privacy/requests",
        json={"type": "access", **body},
        headers={**coordinator.headers(account), "Idempotency-Key": str(uuid4())},
    )
    assert answer.status_code == 202, answer.text
    return dict(answer.json or {})


def decide(coordinator: Coordinator, request_id: str, what: str, body: dict[str, Any]) -> Any:
    """As somebody who has just looked."""
    tag = coordinator.as_operator("GET", f"/requests/{request_id}").headers["ETag"]
    return coordinator.as_operator("POST", f"/requests/{request_id}/{what}", body, **{"If-Match": tag})


def queue(coordinator: Coordinator, query: str) -> list[str]:
    answer = coordinator.as_operator("GET", f"/requests?{query}")
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in (answer.json or {})["items"]]


def test_an_extension_moves_the_deadline_once_and_the_person_reads_why(coordinator: Coordinator) -> None:
    account = str(uuid4())
    request_id = asked(coordinator, account)["id"]
    before = coordinator.get(f"/requests/{request_id}", account).json or {}
    extended = decide(coordinator, request_id, "extension", EXTENSION)
    assert extended.status_code == 200, extended.text
    shown = coordinator.get(f"/requests/{request_id}", account).json or {}
    assert shown["deadline_at"] > before["deadline_at"]
    assert (shown["extension"], [words["text"] for words in shown["words"]]) == ("complexity", [WORDS])
    again = decide(coordinator, request_id, "extension", EXTENSION)
    assert (again.status_code, again.json["type"].rpartition("/")[2]) == (409, "already-extended")
    [notice] = [each for each in coordinator.history(request_id) if isinstance(each, NoticeGiven)]
    assert (notice.account_id, notice.notice, notice.reason) == (account, "deadline-extended", "complexity")


def test_what_is_written_is_sealed_and_gone_with_the_account(coordinator: Coordinator) -> None:
    account = str(uuid4())
    made = asked(coordinator, account, type="correction", field="country", text=WORDS)
    with coordinator.app.runtime.engine.connect() as connection:
        for table in ("events", "idempotency_keys", "tasks"):
            query = text(f"SELECT count(*) FROM {table} t WHERE strpos(t::text, 'Ann Example') > 0")
            assert connection.execute(query).scalar() == 0, table
    with coordinator.app.runtime.store.transaction() as tx:
        tx.tombstone(account)
    shown = coordinator.get(f"/requests/{made['id']}", token=made["token"])
    assert shown.status_code == 200
    assert "Ann Example" not in shown.text


def test_a_decision_names_the_version_that_was_seen(coordinator: Coordinator) -> None:
    request_id = asked(coordinator, str(uuid4()))["id"]
    path = f"/requests/{request_id}/denial"
    assert coordinator.as_operator("POST", path, DENIAL).status_code == 428
    assert coordinator.as_operator("POST", path, DENIAL, **{"If-Match": '"v1"'}).status_code == 412
    assert coordinator.state(request_id).active


def test_of_two_operators_who_decide_at_once_one_does(coordinator: Coordinator) -> None:
    request_id = asked(coordinator, str(uuid4()))["id"]
    tag = coordinator.as_operator("GET", f"/requests/{request_id}").headers["ETag"]
    bodies = [("denial", DENIAL), ("extension", EXTENSION), ("denial", DENIAL), ("extension", EXTENSION)]

    def one(what: tuple[str, dict[str, str]]) -> int:
        client = coordinator.app.web().test_client()
        headers = coordinator.headers(str(uuid4()), timedelta(minutes=1), "operator")
        headers |= {"Nexoraz-Purpose": "request-handling", "If-Match": tag}
        url = f"/v1/privacy/admin/requests/{request_id}/{what[0]}"
        return int(client.post(url, json=what[1], headers=headers).status_code)

    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(pool.map(one, bodies))
    assert statuses == [200, 412, 412, 412]
    assert sum(isinstance(each, NoticeGiven) for each in coordinator.history(request_id)) == 1


def test_an_erasure_that_has_begun_cannot_be_denied_and_one_in_grace_can(coordinator: Coordinator) -> None:
    begun = (coordinator.ask(str(uuid4()), "erasure", immediate=True).json or {})["id"]
    refused = decide(coordinator, begun, "denial", DENIAL)
    assert (refused.status_code, refused.json["type"].rpartition("/")[2]) == (409, "erasure-has-begun")
    account = str(uuid4())
    waiting = (coordinator.ask(account, "erasure").json or {})["id"]
    assert decide(coordinator, waiting, "denial", DENIAL).json["state"] == "denied"
    coordinator.let_time_pass(hours=73)
    coordinator.run_tasks()
    shown = coordinator.get(f"/requests/{waiting}", account).json or {}
    assert (shown["state"], shown["denial"]) == ("denied", "excessive")


def test_a_correction_is_asked_decided_and_told(coordinator: Coordinator) -> None:
    account = str(uuid4())
    made = asked(coordinator, account, type="correction", field="country", text="I moved to Austria")
    assert made["state"] == "running"
    [concern] = made["attention"]
    assert concern["reason"] == "awaits-decision"
    done = decide(coordinator, made["id"], "answer", {"text": "It says Austria now"})
    assert done.status_code == 200, done.text
    shown = coordinator.get(f"/requests/{made['id']}", account).json or {}
    assert shown["state"] == "completed"
    assert [(w["author"], w["about"]) for w in shown["words"]] == [("person", "asked"), ("operator", "answered")]


def test_an_objection_is_recorded_and_its_person_takes_it_along(coordinator: Coordinator) -> None:
    account = str(uuid4())
    made = asked(coordinator, account, type="objection", purpose="training")
    assert (made["state"], made["about"]) == ("completed", "training")
    with coordinator.app.runtime.engine.connect() as connection:
        row = connection.execute(text("SELECT account_id, purpose FROM objections")).one()
    assert (row.account_id, row.purpose) == (account, "training")


@pytest.mark.parametrize(
    "body",
    [
        {"type": "correction", "field": "country"},
        {"type": "correction", "text": "wrong"},
        {"type": "objection"},
        {"type": "objection", "purpose": "breathing"},
        {"type": "access", "text": "please"},
        {"type": "correction", "field": "country", "text": "a\x00b"},
    ],
)
def test_a_request_says_what_its_type_needs_and_nothing_else(coordinator: Coordinator, body: dict[str, str]) -> None:
    headers = {**coordinator.headers(str(uuid4())), "Idempotency-Key": str(uuid4())}
    assert coordinator.client.post("/v1/privacy/requests", json=body, headers=headers).status_code in (400, 422)


def test_the_name_is_corrected_in_the_profile(coordinator: Coordinator) -> None:
    headers = {**coordinator.headers(str(uuid4())), "Idempotency-Key": str(uuid4())}
    body = {"type": "correction", "field": "name", "text": "It is Ann"}
    offered = coordinator.client.post("/v1/privacy/requests", json=body, headers=headers)
    assert (offered.status_code, (offered.json or {})["href"]) == (409, "/v1/identity/profile")


def test_operators_see_what_is_late_and_who_has_not_answered(coordinator: Coordinator) -> None:
    coordinator.announce()
    export = asked(coordinator, str(uuid4()))["id"]
    erasure = (coordinator.ask(str(uuid4()), "erasure", immediate=True).json or {})["id"]
    coordinator.receipt(erasure, "assets")
    coordinator.receipt(erasure, "render", Answer.UNVERIFIED)
    assert set(queue(coordinator, "participant=render")) == {export, erasure}
    assert queue(coordinator, "participant=assets") == [export]
    assert queue(coordinator, "type=erasure&state=running") == [erasure]
    assert queue(coordinator, "late=true") == []
    assert set(queue(coordinator, "due_within_days=40")) == {export, erasure}
    first = coordinator.as_operator("GET", "/requests?limit=1").json or {}
    rest = coordinator.as_operator("GET", f"/requests?limit=1&cursor={first['next']}").json or {}
    assert {first["items"][0]["id"], rest["items"][0]["id"]} == {export, erasure}
    parts = {p["name"]: p for p in (coordinator.as_operator("GET", "/participants").json or {})["items"]}
    assert (parts["render"]["unanswered"], parts["assets"]["unanswered"]) == (2, 1)
    assert parts["render"]["since"] is not None
    coordinator.let_time_pass(days=40)
    assert set(queue(coordinator, "late=true")) == {export, erasure}


def test_a_participant_that_could_not_verify_is_asked_again(coordinator: Coordinator) -> None:
    coordinator.announce()
    erasure = (coordinator.ask(str(uuid4()), "erasure", immediate=True).json or {})["id"]
    coordinator.receipt(erasure, "render", Answer.UNVERIFIED)
    assert decide(coordinator, erasure, "retry", {"participant": "render"}).status_code == 200
    asked_again = [each for each in coordinator.history(erasure) if isinstance(each, ErasureAsked)][-1]
    assert asked_again.participants == ("render",)
    assert decide(coordinator, erasure, "retry", {"participant": "identity"}).status_code == 409


def test_who_reads_the_mail_of_the_address_can_ask_follow_and_withdraw(coordinator: Coordinator) -> None:
    account = str(uuid4())
    headers = coordinator.narrow(account)
    body = {"type": "erasure"}
    made = coordinator.client.post(
        "/v1/privacy/requests", json=body, headers={**headers, "Idempotency-Key": str(uuid4())}
    )
    assert made.status_code == 202, made.text
    path = f"/v1/privacy/requests/{(made.json or {})['id']}"
    assert coordinator.client.get(path, headers=headers).status_code == 200
    assert coordinator.client.get(path, headers=coordinator.narrow(str(uuid4()))).status_code == 404
    assert coordinator.client.get("/v1/privacy/requests", headers=headers).status_code == 200
    assert coordinator.client.post(f"{path}/withdrawal", headers=headers).status_code == 200
    admin = {**headers, "Nexoraz-Purpose": "audit"}
    assert coordinator.client.get("/v1/privacy/admin/requests", headers=admin).status_code == 401
