"""Refunds on the real database against a Stripe that keeps state (localstripe with the manners of deploy/local: it has
no disputes and no webhooks of refunds of its own)."""

from uuid import uuid4

import pytest
from sqlalchemy.exc import DBAPIError

from nexoraz.billing.domain.credits import CREDITS, ReserveCredits, SpendCredits, credits_stream
from nexoraz.events.store import execute
from services.billing.tests.integration.stripe_side import get, post
from services.billing.tests.integration.world import World

pytestmark = pytest.mark.real


def refund(
    world: World, purchase: str, credits: int | None = None, key: str = "", expected: int = 202
) -> dict[str, object]:
    path, headers = f"/purchases/{purchase}/refunds", {"Idempotency-Key": key or str(uuid4())}
    answer = world.ann.ask("POST", path, headers, json={"credits": credits})
    assert answer.status_code == expected, answer.text
    return dict(answer.json or {})


def refunded_at_stripe(world: World, intent: str) -> list[int]:
    return sorted(r["amount"] for r in get(world.stripe, f"refunds?payment_intent={intent}")["data"])


def spend(world: World, credits: int) -> None:
    account = world.ann.account_id
    with world.app.runtime.store.transaction() as tx:
        for command in (ReserveCredits(account, "j1", credits), SpendCredits(account, "j1")):
            execute(tx, CREDITS, credits_stream(account), command)


def purchase_of(world: World, purchase: str) -> dict[str, object]:
    return dict(world.ann.ask("GET", f"/purchases/{purchase}").json or {})


def test_what_is_not_spent_is_refunded_once_however_often_it_is_asked_and_told(world: World) -> None:
    bought = world.buy()
    spend(world, 4)
    first = refund(world, bought["id"], key="k")
    assert (first["credits"], first["amount"], first["state"]) == (6, 294, "started")
    assert world.ann.balance() == (0, 0)
    assert refund(world, bought["id"], key="k") == first
    world.run("pay-refund")
    world.told(bought["payment_intent"])
    assert refunded_at_stripe(world, bought["payment_intent"]) == [294]
    listed = world.ann.ask("GET", f"/purchases/{bought['id']}/refunds").json
    assert listed is not None and [(r["kind"], r["state"]) for r in listed["items"]] == [("own", "paid")]
    assert purchase_of(world, bought["id"])["refunded"] == 294
    assert refund(world, bought["id"], expected=409)["refundable"] == 0


def test_a_refund_whose_answer_was_lost_is_paid_once(world: World) -> None:
    bought = world.buy()
    given = refund(world, bought["id"], 5)
    world.app.payments.refund(bought["payment_intent"], str(given["id"]), 245)
    world.run("pay-refund")
    assert refunded_at_stripe(world, bought["payment_intent"]) == [245]
    assert world.ann.balance() == (5, 0)


def test_a_refund_that_stripe_refuses_gives_the_credits_back(world: World) -> None:
    bought = world.buy()
    refund(world, bought["id"], 5)
    post(world.stripe, "refunds", payment_intent=bought["payment_intent"], amount="400")
    world.run("pay-refund")
    assert world.ann.balance() == (10, 0) and purchase_of(world, bought["id"])["refunded"] == 0
    world.told(bought["payment_intent"])
    assert world.ann.balance() == (1, 0) and purchase_of(world, bought["id"])["refunded"] == 400


def test_a_refund_at_stripes_dashboard_and_a_chargeback_reach_the_ledger_once(world: World) -> None:
    bought = world.buy()
    spend(world, 7)
    post(world.stripe, "refunds", payment_intent=bought["payment_intent"], amount="49")
    world.told(bought["payment_intent"])
    assert world.ann.balance() == (2, 0)
    post(world.stripe, "disputes/_open", payment_intent=bought["payment_intent"], amount="441")
    world.told(bought["payment_intent"], "charge.dispute.created")
    assert world.ann.balance() == (0, 0), "what is spent is not taken, and nothing is negative"
    listed = world.ann.ask("GET", f"/purchases/{bought['id']}/refunds").json
    assert listed is not None and sorted(r["kind"] for r in listed["items"]) == ["dispute", "refund"]


def test_nobody_refunds_what_somebody_else_bought(world: World) -> None:
    bought = world.buy()
    world.ann.account_id = str(uuid4())
    refund(world, bought["id"], expected=404)
    assert world.ann.ask("GET", f"/purchases/{bought['id']}/refunds").status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO postings VALUES ('a', 1, 'sold', -1)",
        "INSERT INTO postings VALUES ('a', 1, 'sold', -1), ('a', 1, 'free', 2)",
        "UPDATE postings SET credits = credits + 1",
        "UPDATE ledger SET credits = credits + 1",
    ],
)
def test_the_database_refuses_what_does_not_balance_and_every_change_of_a_line(world: World, change: str) -> None:
    world.buy()
    with pytest.raises(DBAPIError), world.app.runtime.engine.begin() as connection:
        connection.exec_driver_sql(change)
