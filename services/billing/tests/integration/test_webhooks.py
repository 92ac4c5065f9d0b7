"""What Stripe tells, and what others say in its name. Only Stripe's own answer ever becomes credits."""

import time
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from nexoraz.billing.adapters.memory import FakePayments
from nexoraz.billing.application.payment_watch import CHECK, SETTLE
from nexoraz.billing.bootstrap import App
from nexoraz.billing.domain.packs import PACKS
from nexoraz.events.tasks import GiveUp, Postpone, Task
from services.billing.tests.integration.conftest import Person, event, signature, tasks, tell

pytestmark = pytest.mark.real


def run(app: App, kind: str, key: str) -> None:
    """What the worker does with a task."""
    handler = {SETTLE: app.watch.run_settle, CHECK: app.watch.run_check}[kind]
    with app.runtime.engine.connect() as connection:
        question = "SELECT id, attempts FROM tasks WHERE kind = %s AND key = %s"
        row = connection.exec_driver_sql(question, (kind, key)).one()
    app.runtime.tasks.owner = "test"
    with app.runtime.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE tasks SET state = 'running', owner = 'test' WHERE id = %s", (row.id,))
    handler(Task(row.id, kind, key, "", {}, row.attempts))
    with app.runtime.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM tasks WHERE id = %s", (row.id,))


def test_a_paid_purchase_becomes_credits_once_however_often_it_is_told(
    ann: Person, client: FlaskClient, app: App, payments: FakePayments
) -> None:
    purchase = ann.bought()
    intent = purchase["payment_intent"]
    payments.finish(intent)
    first = event(intent)
    for payload in (first, first, event(intent), event(intent, "payment_intent.created")):
        assert tell(client, payload).status_code == 204
    waiting = [key for kind, key in tasks(app) if kind == SETTLE]
    assert len(waiting) == 3
    for key in waiting:
        run(app, SETTLE, key)
    assert ann.balance() == (10, 0)
    found = ann.ask("GET", f"/purchases/{purchase['id']}").json
    assert found is not None and found["state"] == "paid" and found["paid_at"]


def test_a_hint_before_its_time_changes_nothing(ann: Person, client: FlaskClient, app: App) -> None:
    intent = ann.bought()["payment_intent"]
    assert tell(client, event(intent)).status_code == 204
    [(kind, key)] = [task for task in tasks(app) if task[0] == SETTLE]
    run(app, kind, key)
    assert ann.balance() == (0, 0)


def test_a_lost_hint_is_made_up_for(ann: Person, app: App, payments: FakePayments) -> None:
    intent = ann.bought()["payment_intent"]
    run(app, CHECK, f"{intent}:0")
    assert (CHECK, f"{intent}:1") in tasks(app) and ann.balance() == (0, 0)
    payments.finish(intent)
    run(app, CHECK, f"{intent}:1")
    assert ann.balance() == (10, 0)


def test_a_purchase_that_nobody_pays_stays_started(ann: Person, app: App) -> None:
    purchase = ann.bought()
    for look in range(4):
        run(app, CHECK, f"{purchase['payment_intent']}:{look}")
    assert tasks(app) == []
    found = ann.ask("GET", f"/purchases/{purchase['id']}").json
    assert found is not None and found["state"] == "started"


def test_failure_told_after_success_takes_nothing_away(
    ann: Person, client: FlaskClient, app: App, payments: FakePayments
) -> None:
    intent = ann.bought()["payment_intent"]
    payments.finish(intent)
    run_all(app, client, event(intent))
    run_all(app, client, event(intent, "payment_intent.payment_failed"))
    assert ann.balance() == (10, 0)


def run_all(app: App, client: FlaskClient, payload: bytes) -> None:
    assert tell(client, payload).status_code == 204
    for kind, key in tasks(app):
        if kind == SETTLE:
            run(app, kind, key)


def test_outages_postpone_and_what_stripe_never_had_is_given_up(
    ann: Person, client: FlaskClient, app: App, payments: FakePayments
) -> None:
    intent = ann.bought()["payment_intent"]
    tell(client, event(intent))
    payments.down = True
    for kind, key in tasks(app):
        with pytest.raises(Postpone):
            run(app, kind, key)
    payments.down = False
    payments.payments.clear()
    for kind, key in tasks(app):
        with pytest.raises(GiveUp):
            run(app, kind, key)


def test_a_declined_card_of_no_purchase_is_nothing(client: FlaskClient, app: App, payments: FakePayments) -> None:
    intent = payments.open(str(uuid4()), PACKS["starter"], None).intent
    payments.finish(intent, reason="card_declined")
    run_all(app, client, event(intent, "payment_intent.payment_failed"))


def test_money_for_an_erased_account_waits_for_an_operator(
    ann: Person, client: FlaskClient, app: App, payments: FakePayments
) -> None:
    intent = ann.bought()["payment_intent"]
    payments.finish(intent)
    with app.runtime.store.transaction() as tx:
        tx.tombstone(ann.account_id)
    tell(client, event(intent))
    [(kind, key)] = [task for task in tasks(app) if task[0] == SETTLE]
    with pytest.raises(GiveUp, match="PaidAfterErasure"):
        run(app, kind, key)


def test_what_is_not_signed_by_stripe_is_refused(client: FlaskClient, app: App) -> None:
    payload = event("pi_1")
    good = signature(payload)
    bad = [
        "", "x", "t=1", "v1=00", good.replace("v1=", "v0="), good[:-2] + "00", signature(payload, secret="other"),
        signature(payload, at=time.time() - 400), "t=abc,v1=00", good.split(",")[0],
    ]  # fmt: skip
    for signed in bad:
        answer = tell(client, payload, signed)
        assert answer.status_code == 400, signed
        assert answer.json is not None and answer.json["type"].endswith("/webhook-signature-invalid")
    assert tell(client, payload + b" ", good).status_code == 400
    assert tasks(app) == []


def test_signed_events_about_other_things_are_taken_and_forgotten(client: FlaskClient, app: App) -> None:
    for payload in (
        event("cus_1", "customer.created"), event("cus_1"), event("", "payment_intent.succeeded"),
        b'{"id":"evt_1","object":"event","type":"payment_intent.succeeded","data":{}}',
    ):  # fmt: skip
        assert tell(client, payload).status_code == 204
    assert tell(client, b"{").status_code == 400
    assert tell(client, b"\xff").status_code == 400
    assert tell(client, event("pi_1" + "x" * 70_000)).status_code == 413
    assert tasks(app) == []
