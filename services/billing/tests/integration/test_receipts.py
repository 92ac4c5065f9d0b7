"""Receipts over HTTP, on the real database."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from nexoraz.billing.bootstrap import App
from nexoraz.billing.domain.purchase import PURCHASE, purchase_stream
from nexoraz.billing.domain.purchase_commands import (
    Command,
    ConfirmPayment,
    RecordOutsideRefund,
    RejectRefund,
    StartRefund,
)
from nexoraz.billing.projections.purchases import purchase_of_intent
from nexoraz.events.store import execute
from nexoraz.events.testing.subject import Subject
from services.billing.tests.drawn import texts_of
from services.billing.tests.integration.conftest import Person

pytestmark = pytest.mark.real

PAID_AT = datetime(2026, 1, 15, 12, tzinfo=UTC)


def record(app: App, person: Person, purchase_id: str, command: Command) -> None:
    with app.runtime.store.transaction() as tx:
        execute(tx, PURCHASE, purchase_stream(purchase_id, person.account_id), command)


@pytest.fixture
def paid(app: App, ann: Person) -> dict[str, Any]:
    bought = ann.bought()
    record(app, ann, bought["id"], ConfirmPayment(bought["id"], PAID_AT))
    return bought


def path(purchase_id: object) -> str:
    return f"/purchases/{purchase_id}/receipt"


def test_a_paid_purchase_has_a_receipt_as_pdf(ann: Person, paid: dict[str, Any]) -> None:
    answer = ann.ask("GET", path(paid["id"]))
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf"), answer.text
    assert answer.headers["Content-Disposition"] == f"attachment; filename=receipt-{paid['id']}.pdf"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    drawn = texts_of(answer.data)
    expected = {f"NX-{paid['id'].upper()}", "2026-01-15 12:00 UTC", "Pack of credits: starter", "10", "4.90 EUR"}
    assert expected <= set(drawn) and ann.account_id not in "".join(drawn) and paid["payment_intent"] not in drawn
    assert ann.ask("GET", path(paid["id"])).data == answer.data
    again = ann.ask("GET", path(paid["id"]), {"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_what_was_given_back_is_on_it_and_what_stripe_refused_is_not(
    app: App, ann: Person, paid: dict[str, Any]
) -> None:
    before = ann.ask("GET", path(paid["id"])).headers["ETag"]
    record(app, ann, paid["id"], StartRefund(paid["id"], str(uuid4()), 4, 10, PAID_AT))
    record(app, ann, paid["id"], StartRefund(paid["id"], "refused", 1, 10, PAID_AT))
    record(app, ann, paid["id"], RejectRefund(paid["id"], "refused", "charge_disputed", PAID_AT))
    record(app, ann, paid["id"], RecordOutsideRefund(paid["id"], "re_1", "dispute", 49, PAID_AT))
    answer = ann.ask("GET", path(paid["id"]), {"If-None-Match": before})
    drawn = texts_of(answer.data)
    assert answer.status_code == 200 and {"Refund", "Chargeback", "1.96 EUR", "0.49 EUR", "-2.45 EUR"} <= set(drawn)


def test_what_is_not_paid_has_no_receipt(ann: Person) -> None:
    answer = ann.ask("GET", path(ann.bought()["id"]))
    assert (answer.status_code, answer.mimetype) == (409, "application/problem+json") and answer.json is not None
    assert answer.json["type"].endswith("/purchase-not-paid") and answer.json["state"] == "started"


def test_another_persons_receipt_and_no_receipt_are_the_same(ann: Person, bob: Person, paid: dict[str, Any]) -> None:
    foreign, unknown = bob.ask("GET", path(paid["id"])), bob.ask("GET", path(uuid4()))
    assert foreign.status_code == unknown.status_code == 404 and foreign.json is not None and unknown.json is not None
    assert foreign.json | {"instance": ""} == unknown.json | {"instance": ""}
    assert ann.client.get(f"/v1/billing{path(paid['id'])}").status_code == 401


def test_after_an_erasure_nobody_gets_it_and_the_figures_stay(
    app: App, ann: Person, bob: Person, paid: dict[str, Any]
) -> None:
    Subject.of(app).erase(ann.account_id)
    assert ann.ask("GET", path(paid["id"])).status_code == 401
    assert bob.ask("GET", path(paid["id"])).status_code == 404
    with app.runtime.engine.connect() as connection:
        kept = purchase_of_intent(connection, paid["payment_intent"])
    assert kept is not None and (kept.amount, kept.currency, kept.paid_at) == (490, "eur", PAID_AT)
