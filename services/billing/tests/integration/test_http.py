"""Packs, credits and purchases over HTTP: what is done, what is refused, and what strangers send."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from nexoraz.billing.adapters.memory import FakePayments
from nexoraz.billing.application import policies
from nexoraz.billing.application.ports import PaymentRejected
from nexoraz.billing.bootstrap import App
from nexoraz.billing.domain.credits import CREDITS, AddCredits, credits_stream
from nexoraz.billing.domain.purchase import PURCHASE, purchase_stream
from nexoraz.billing.domain.purchase_commands import StartPurchase
from nexoraz.events.store import execute
from nexoraz.local.testing.services import bearer
from services.billing.tests.integration.conftest import Person, tasks

pytestmark = pytest.mark.real

PROTECTED = [("GET", "/balance"), ("GET", "/ledger"), ("GET", "/purchases"), ("POST", "/purchases"),
             ("GET", f"/purchases/{uuid4()}")]  # fmt: skip


def is_problem(answer: TestResponse, status: int, rule: str = "") -> None:
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None and answer.json["status"] == status
    assert not rule or answer.json["type"].endswith(f"/{rule}"), answer.json


def everything(person: Person, path: str, limit: int) -> list[dict[str, Any]]:
    """All items of a list, page by page."""
    found: list[dict[str, Any]] = []
    query = f"?limit={limit}"
    while True:
        answer = person.ask("GET", f"{path}{query}").json
        assert answer is not None and len(answer["items"]) <= limit
        found += answer["items"]
        if answer["next"] is None:
            return found
        query = f"?limit={limit}&cursor={answer['next']}"


def test_what_is_for_sale_is_told_to_everyone(ann: Person) -> None:
    answer = ann.client.get("/v1/billing/packs")
    assert answer.status_code == 200 and answer.json is not None
    assert [pack["id"] for pack in answer.json["items"]] == ["starter", "studio", "catalogue"]


def test_without_a_token_nothing_is_reached(ann: Person) -> None:
    for method, path in PROTECTED:
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic x"}):
            is_problem(ann.client.open(f"/v1/billing{path}", method=method, headers=headers), 401)


def test_a_purchase_is_started_and_found(ann: Person, bob: Person, app: App) -> None:
    answer = ann.buy()
    assert answer.status_code == 201 and answer.json is not None
    started = answer.json
    assert (started["pack"], started["credits"], started["amount"], started["currency"]) == ("starter", 10, 490, "eur")
    assert started["client_secret"].startswith(started["payment_intent"])
    assert answer.headers["Location"] == f"/v1/billing/purchases/{started['id']}"
    one = ann.ask("GET", f"/purchases/{started['id']}").json
    assert one is not None and (one["state"], one["paid_at"]) == ("started", None)
    assert tasks(app) == [("check-payment", f"{started['payment_intent']}:0")]
    for path in (f"/purchases/{started['id']}", f"/purchases/{uuid4()}"):
        is_problem(bob.ask("GET", path), 404, "not-found")
    listed = bob.ask("GET", "/purchases").json
    assert listed is not None and listed["items"] == []


def test_a_purchase_with_a_payment_method_is_looked_up_at_once(ann: Person, app: App) -> None:
    intent = ann.bought(payment_method="pm_card_visa")["payment_intent"]
    assert ("settle-payment", f"{intent}:opened") in tasks(app)


def test_a_key_names_one_purchase(ann: Person, bob: Person, payments: FakePayments) -> None:
    first, second = ann.buy("k-1"), ann.buy("k-1")
    assert second.data == first.data and second.headers["Idempotency-Replayed"] == "true"
    is_problem(ann.buy("k-1", pack="studio"), 422, "idempotency-key-reused")
    other = bob.buy("k-1")
    assert other.status_code == 201 and first.json is not None and other.json is not None
    assert other.json["payment_intent"] != first.json["payment_intent"]
    assert len(payments.payments) == 2


def test_a_key_of_the_day_before_opens_no_second_payment(ann: Person, app: App, payments: FakePayments) -> None:
    ann.buy("k-1")
    with app.runtime.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE idempotency_keys SET created_at = created_at - interval '2 days'")
    payments.payments.clear()
    is_problem(ann.buy("k-1"), 422, "idempotency-key-reused")
    assert payments.payments == {}


def test_the_same_purchase_sent_at_once_is_one(ann: Person, app: App) -> None:
    headers = {**bearer(ann.account_id), "Idempotency-Key": "k"}
    clients = [app.web().test_client(use_cookies=False) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda c: c.post("/v1/billing/purchases", json={"pack": "starter"}, headers=headers), clients)
        )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert 201 in {answer.status_code for answer in answers}
    assert len(everything(ann, "/purchases", 10)) == 1


def test_while_the_provider_is_away_the_same_key_gives_one_payment(ann: Person, payments: FakePayments) -> None:
    payments.down = True
    answer = ann.buy("k-1")
    is_problem(answer, 503, "payments-unavailable")
    assert answer.headers["Retry-After"] and everything(ann, "/purchases", 10) == []
    payments.down = False
    assert ann.buy("k-1").status_code == 201
    assert (len(payments.payments), len(everything(ann, "/purchases", 10))) == (1, 1)


def test_a_declined_card_leaves_nothing(ann: Person, app: App, payments: FakePayments) -> None:
    payments.declines = PaymentRejected("card_declined")
    answer = ann.buy("k-1", payment_method="pm_card_visa")
    is_problem(answer, 402, "payment-rejected")
    assert answer.json is not None and answer.json["code"] == "card_declined"
    assert (everything(ann, "/purchases", 10), tasks(app)) == ([], [])


@pytest.mark.parametrize(
    "body", [b"", b"{", b"null", b"[]", b"\xff", b'{"pack":NaN}', b'{"pack":"\\u0000"}', b"[" * 60_000]
)
def test_malformed_bodies(ann: Person, body: bytes) -> None:
    answer = ann.ask("POST", "/purchases", {"Idempotency-Key": "k"}, data=body, content_type="application/json")
    assert answer.status_code in (400, 422) and answer.mimetype == "application/problem+json"


def test_bodies_that_are_not_a_purchase(ann: Person, payments: FakePayments) -> None:
    values: list[Any] = [None, 1, True, [], {}, "", "x" * 500, "unknown", "../studio"]
    for wrong in values:
        is_problem(ann.buy(pack=wrong), 422)
    for wrong in (1, [], "", "pm", "4242424242424242", "pm_" + "x" * 500, "pm_a b", "tok_visa"):
        is_problem(ann.buy(payment_method=wrong), 422)
    is_problem(ann.buy(credits=1000), 422)
    is_problem(ann.ask("POST", "/purchases", json={"pack": "starter"}), 400, "idempotency-key-required")
    is_problem(ann.ask("POST", "/purchases", {"Idempotency-Key": "k"}, data="pack=starter"), 415)
    long = b'{"pack":"' + b"a" * 70_000 + b'"}'
    is_problem(ann.ask("POST", "/purchases", {"Idempotency-Key": "k"}, data=long, content_type="application/json"), 413)
    assert payments.payments == {}


def test_paths_methods_and_queries_that_lead_nowhere(ann: Person) -> None:
    for path in ("/purchases/1", "/purchases/%00", "/purchases/../balance", "/purchases/" + "a" * 3000, "/.env"):
        assert 300 <= ann.ask("GET", path).status_code < 500, path
    for method, path in (("POST", "/balance"), ("DELETE", "/purchases"), ("PUT", "/packs")):
        is_problem(ann.ask(method, path), 405)
    for path in ("/ledger", "/purchases"):
        for query in ("limit=0", "limit=101", "limit=x", "unknown=1"):
            is_problem(ann.ask("GET", f"{path}?{query}"), 422)
        for cursor in ("x", "%ff", "W10", "WyJ4Il0", "a" * 600):
            assert ann.ask("GET", f"{path}?cursor={cursor}").status_code in (400, 422)


def test_the_ledger_pages_through_more_than_a_hundred_lines(ann: Person, bob: Person, app: App) -> None:
    with app.runtime.store.transaction() as tx:
        for person in (bob, ann):
            command = AddCredits(person.account_id, str(uuid4()), 200)
            execute(tx, CREDITS, credits_stream(person.account_id), command)
    for _ in range(65):
        job = str(uuid4())
        with app.runtime.store.transaction() as tx:
            policies.reserve_credits_on_render_requested(tx, ann.account_id, job, 2)
        with app.runtime.store.transaction() as tx:
            policies.release_credits_on_render_failed(tx, ann.account_id, job)
    lines = everything(ann, "/ledger", 7)
    assert [line["entry"] for line in lines] == list(range(131, 0, -1))
    assert sum(line["credits"] for line in lines) == 200 == lines[0]["balance"]
    assert ann.balance() == (200, 0) and len(everything(bob, "/ledger", 7)) == 1


def test_purchases_of_one_moment_page_without_loss(ann: Person, app: App) -> None:
    moments = [datetime(2026, 1, 15, 12, tzinfo=UTC) + timedelta(hours=n // 60) for n in range(120)]
    ids = [str(uuid4()) for _ in moments]
    for id_, at in zip(ids, moments, strict=True):
        with app.runtime.store.transaction() as tx:
            command = StartPurchase(ann.account_id, id_, "starter", f"pi_{id_}", at)
            execute(tx, PURCHASE, purchase_stream(id_, ann.account_id), command)
    found = [purchase["id"] for purchase in everything(ann, "/purchases", 7)]
    order = sorted(zip(moments, ids, strict=True), reverse=True)
    assert found == [id_ for _, id_ in order]


def test_an_erased_account_buys_nothing(ann: Person, app: App) -> None:
    with app.runtime.store.transaction() as tx:
        tx.tombstone(ann.account_id)
    is_problem(ann.buy(), 401)
