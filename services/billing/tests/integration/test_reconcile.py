"""The reconciliation finds what was made to differ at Stripe (localstripe) and here, each way. Other tests of this
module's Stripe leave payments there, so each test looks at its own."""

import json
from argparse import Namespace

import pytest

from nexoraz.billing.bootstrap import reconcile_records
from services.billing.tests.integration.stripe_side import card, post
from services.billing.tests.integration.world import World

pytestmark = pytest.mark.real
EVERYTHING = Namespace(older_than_minutes=-1)


def found(world: World, capsys: pytest.CaptureFixture[str], *mine: str) -> list[tuple[str, str, str, str]]:
    """The differences about these ids of Stripe; what and how, and what each side says."""
    capsys.readouterr()
    status = reconcile_records(world.app.settings, EVERYTHING)
    told = capsys.readouterr().out
    drifts = [json.loads(line) for line in told.splitlines() if line.startswith('{"what"')]
    assert status == (1 if drifts else 0) and f" {len(drifts)} differences\n" in told
    return [(d["what"], d["how"], d["here"], d["there"]) for d in drifts if d["reference"] in mine]


def test_what_agrees_is_no_difference_and_a_refund_that_nobody_told_is(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    intent = world.buy()["payment_intent"]
    world.take()
    assert found(world, capsys, intent, world.stripes("subscription")) == []
    post(world.stripe, "refunds", payment_intent=intent, amount="49")
    assert found(world, capsys, intent) == [("payment", "refunded", "0", "49")]
    world.told(intent)
    assert found(world, capsys, intent) == []


def test_a_payment_that_one_side_only_knows_is_told(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    bought, method = world.buy(), card(world.stripe)
    alone = post(world.stripe, "payment_intents", amount="700", currency="eur", payment_method=method, confirm="true")
    with world.app.runtime.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE purchases SET payment_intent = 'pi_nowhere'")
    told = found(world, capsys, bought["payment_intent"], "pi_nowhere", alone["id"])
    assert sorted(told) == [
        ("payment", "missing-here", "", "490"),
        ("payment", "missing-here", "", "700"),
        ("payment", "missing-there", "490", ""),
    ]


def test_an_amount_and_a_plan_that_differ_are_told(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    intent = world.buy()["payment_intent"]
    world.take()
    with world.app.runtime.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE purchases SET amount = 1 WHERE pack = 'starter'")
        connection.exec_driver_sql("UPDATE subscriptions SET next_plan = 'business'")
    assert found(world, capsys, intent, world.stripes("subscription")) == [
        ("payment", "amount", "1", "490"),
        ("subscription", "plan", "business", "basic"),
    ]


def test_a_plan_that_ended_at_stripe_without_a_word_is_told(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.take()
    subscription = world.stripes("subscription")
    world.app.plans.settle.subscriptions.end(subscription)
    assert found(world, capsys, subscription) == [("subscription", "missing-there", "basic", "")]
    world.hear("customer.subscription.deleted")
    assert found(world, capsys, subscription) == []
