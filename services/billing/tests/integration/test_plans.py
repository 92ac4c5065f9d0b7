"""Plans on the real database against a Stripe that keeps state (localstripe, over HTTP).

localstripe does not prorate by time and renews nothing by itself: its stand-in takes the old price back whole, and is
told when a month has gone by (deploy/local, emulators/stripe_manners.py).
"""

from datetime import timedelta
from uuid import uuid4

import pytest

from nexoraz.billing.application.subscription_watch import END_GRACE, RETRY_RENEWAL
from services.billing.tests.integration.conftest import event, tell
from services.billing.tests.integration.stripe_side import DECLINED_LATER, card
from services.billing.tests.integration.world import World

pytestmark = pytest.mark.real


def test_a_plan_brings_its_credits_once_however_often_its_invoice_is_told(world: World) -> None:
    taken = world.take()
    assert (taken["plan"], taken["state"], taken["cancels"]) == ("basic", "active", False)
    world.hear(times=3)
    world.hear("customer.subscription.updated")
    assert world.ann.balance() == (40, 0)
    world.renew()
    world.hear(times=2)
    assert world.ann.balance() == (80, 0)
    bought = world.ann.ask("GET", "/purchases").json
    assert bought is not None and [p["pack"] for p in bought["items"]] == ["plan:basic", "plan:basic"]


def test_a_lost_webhook_is_made_up_for_when_the_period_ends(world: World) -> None:
    world.take()
    world.renew()
    world.run("settle-subscription")
    assert world.ann.balance() == (80, 0)


def test_an_upgrade_is_charged_and_credited_at_once_and_a_downgrade_with_the_next_invoice(world: World) -> None:
    world.take()
    assert world.change(plan="pro")["plan"] == "pro"
    assert world.ann.balance() == (40 + 200 * (2_900 - 900) // 2_900, 0)
    lower = world.change(plan="basic")
    assert (lower["plan"], lower["next_plan"]) == ("pro", "basic")
    before = world.ann.balance()[0]
    world.renew()
    world.hear()
    assert world.plan()["plan"] == "basic" and world.ann.balance() == (before + 40, 0)


def test_a_declined_upgrade_changes_nothing(world: World) -> None:
    world.take()
    world.change(payment_method=card(world.stripe, DECLINED_LATER))
    assert world.change(402, plan="pro")["code"] == "card_declined"
    world.hear()
    assert (world.plan()["plan"], world.plan()["state"], world.ann.balance()) == ("basic", "active", (40, 0))


def test_a_cancelled_plan_holds_to_the_end_of_its_period_and_the_credits_stay(world: World) -> None:
    world.take()
    assert world.change(cancels=True)["cancels"] is True
    assert world.change(cancels=False)["cancels"] is False
    world.change(cancels=True)
    assert world.plan()["plan"] == "basic"
    world.renew()
    world.hear("customer.subscription.deleted")
    assert (world.plan()["plan"], world.plan()["state"], world.ann.balance()) == ("free", "ended", (40, 0))
    assert world.take("pro")["plan"] == "pro"


def test_a_declined_card_takes_out_no_plan(world: World) -> None:
    body = {"plan": "basic", "payment_method": card(world.stripe, DECLINED_LATER)}
    answer = world.ann.ask("POST", "/subscription", {"Idempotency-Key": "k"}, json=body)
    assert answer.status_code == 402, answer.text
    assert world.plan()["state"] == "none" and world.take()["state"] == "active"


def overdue(world: World) -> None:
    world.take()
    world.change(payment_method=card(world.stripe, DECLINED_LATER))
    world.renew()
    world.hear("invoice.payment_failed", times=2)
    assert (world.plan()["state"], world.plan()["plan"]) == ("past_due", "basic")


def test_an_unpaid_renewal_is_tried_again_then_in_grace_then_over(world: World) -> None:
    overdue(world)
    world.now += timedelta(days=3)
    world.run(RETRY_RENEWAL)
    assert (world.plan()["state"], world.plan()["plan"]) == ("grace", "basic")
    world.now += timedelta(days=4)
    world.run(END_GRACE)
    assert (world.plan()["state"], world.plan()["plan"], world.ann.balance()) == ("ended", "free", (40, 0))


def test_another_card_pays_what_is_overdue_at_once(world: World) -> None:
    overdue(world)
    assert world.change(payment_method=card(world.stripe))["state"] == "active"
    assert world.ann.balance() == (80, 0)
    world.run(RETRY_RENEWAL)
    assert world.plan()["state"] == "active"


def test_what_cannot_be_is_refused(world: World) -> None:
    pay = card(world.stripe)
    for body, status, rule in (
        ({"plan": "gold", "payment_method": pay}, 422, "unknown-plan"),
        ({"plan": "basic", "payment_method": "pm_nothing"}, 402, "payment-rejected"),
    ):
        answer = world.ann.ask("POST", "/subscription", {"Idempotency-Key": str(uuid4())}, json=body)
        assert answer.status_code == status and answer.json is not None and answer.json["type"].endswith(rule)
    tag = world.ann.ask("GET", "/subscription").headers["ETag"]
    assert world.ann.ask("PATCH", "/subscription", {"If-Match": tag}, json={"cancels": True}).status_code == 409
    world.take()
    body = {"plan": "pro", "payment_method": pay}
    assert world.ann.ask("POST", "/subscription", {"Idempotency-Key": "2"}, json=body).status_code == 409
    assert world.ann.ask("PATCH", "/subscription", json={"cancels": True}).status_code == 428
    assert world.ann.ask("PATCH", "/subscription", {"If-Match": '"v1"'}, json={"cancels": True}).status_code == 412
    assert world.ann.ask("PATCH", "/subscription", {"If-Match": "*"}, json={}).status_code == 422


def test_a_request_sent_twice_takes_out_one_plan(world: World) -> None:
    body = {"plan": "basic", "payment_method": card(world.stripe)}
    first, second = (world.ann.ask("POST", "/subscription", {"Idempotency-Key": "k"}, json=body) for _ in range(2))
    assert first.status_code == second.status_code == 201 and first.data == second.data
    assert world.ann.balance() == (40, 0)


def test_a_webhook_of_a_customer_whom_nobody_is_changes_nothing(world: World) -> None:
    assert tell(world.ann.client, event("in_1", "invoice.paid", customer="cus_nobody")).status_code == 204
    assert tell(world.ann.client, event("in_1", "invoice.paid", customer="x")).status_code == 204
    world.run("settle-subscription")
    assert world.ann.balance() == (0, 0)
