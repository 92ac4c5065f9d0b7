"""A rebuild makes what was there, and keeps what the law wants kept of an erased account."""

from uuid import uuid4

import pytest

from nexoraz.billing.adapters.memory import FakePayments
from nexoraz.billing.application import policies
from nexoraz.billing.bootstrap import App
from services.billing.tests.integration.conftest import Person

pytestmark = pytest.mark.real


def rows(app: App) -> dict[str, list[tuple[object, ...]]]:
    with app.runtime.engine.connect() as connection:
        return {
            name: sorted((tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name}")), key=repr)
            for name in ("credit_accounts", "ledger", "purchases")
        }


def live(person: Person, app: App, payments: FakePayments) -> str:
    """Buy twice, pay once, render twice; the paid purchase."""
    paid, _ = person.bought(), person.bought()
    payments.finish(paid["payment_intent"])
    app.watch.settle(paid["payment_intent"])
    jobs = [str(uuid4()) for _ in range(3)]
    with app.runtime.store.transaction() as tx:
        policies.reserve_credits_on_render_requested(tx, person.account_id, jobs[0], 1)
        policies.reserve_credits_on_render_requested(tx, person.account_id, jobs[1], 1)
        policies.reserve_credits_on_render_requested(tx, person.account_id, jobs[2], 1000)
    with app.runtime.store.transaction() as tx:
        policies.spend_credits_on_render_completed(tx, person.account_id, jobs[0])
        policies.release_credits_on_render_failed(tx, person.account_id, jobs[1])
    return str(paid["id"])


def test_a_rebuild_gives_the_same_rows(ann: Person, bob: Person, app: App, payments: FakePayments) -> None:
    for person in (ann, bob):
        live(person, app, payments)
    before = rows(app)
    app.rebuild([])
    assert rows(app) == before and len(before["ledger"]) == 10


def test_a_rebuild_keeps_the_billing_records_of_the_erased(
    ann: Person, bob: Person, app: App, payments: FakePayments
) -> None:
    paid = live(ann, app, payments)
    live(bob, app, payments)
    with app.runtime.store.transaction() as tx:
        tx.tombstone(ann.account_id)
    with app.runtime.engine.begin() as connection:
        app.holdings.erase_rows(connection, ann.account_id)
    before = rows(app)
    assert [row[0] for row in before["purchases"] if ann.account_id in row] == [paid]
    app.rebuild([])
    assert rows(app) == before
