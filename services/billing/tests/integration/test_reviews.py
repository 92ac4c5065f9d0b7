"""Held payments on the real database against a Stripe that keeps state (localstripe; the country of a card comes from
its metadata there): the person sees it, an operator decides, and every look is recorded."""

from typing import Any
from uuid import uuid4

import pytest

from nexoraz.billing.adapters.payment_facts import remember_region
from nexoraz.local.testing.services import bearer
from services.billing.tests.integration.conftest import Person
from services.billing.tests.integration.stripe_side import card, get
from services.billing.tests.integration.world import World

pytestmark = pytest.mark.real
WHY = {"Nexoraz-Purpose": "security-incident"}


def held(world: World) -> dict[str, Any]:
    """A pack that Ann, who lives in Europe, paid by a card from elsewhere."""
    with world.app.runtime.store.transaction() as tx:
        remember_region(tx, world.ann.account_id, "eu")
    bought = world.ann.bought(payment_method=card(world.stripe, country="US"))
    world.run("settle-payment")
    return bought


def operator(world: World, method: str, path: str, headers: dict[str, str] = WHY) -> Any:
    someone = bearer(str(uuid4()), frozenset({"operator"}))
    return world.ann.client.open(f"/v1/billing/admin{path}", method=method, headers={**someone, **headers})


def shown(world: World, purchase: str) -> str:
    return str((world.ann.ask("GET", f"/purchases/{purchase}").json or {})["review"])


def test_a_suspicious_payment_is_held_and_released_by_an_operator(world: World) -> None:
    bought = held(world)
    balance = world.ann.ask("GET", "/balance").json
    assert balance == {"balance": 0, "reserved": 0, "held": 10} and shown(world, bought["id"]) == "held"
    [waiting] = operator(world, "GET", "/reviews").json["items"]
    assert (waiting["purchase_id"], waiting["reasons"]) == (bought["id"], "country")
    assert operator(world, "POST", f"/reviews/{bought['id']}/release").json["state"] == "released"
    assert world.ann.balance() == (10, 0) and shown(world, bought["id"]) == "released"
    assert operator(world, "POST", f"/reviews/{bought['id']}/release").status_code == 409
    assert operator(world, "GET", "/reviews").json["items"] == []


def test_a_refused_payment_goes_back_whole_and_its_credits_never_come(world: World) -> None:
    bought = held(world)
    assert operator(world, "POST", f"/reviews/{bought['id']}/refusal").json["state"] == "refused"
    world.run("pay-refund")
    refunds = get(world.stripe, f"refunds?payment_intent={bought['payment_intent']}")["data"]
    assert [refund["amount"] for refund in refunds] == [490]
    assert world.ann.ask("GET", "/balance").json == {"balance": 0, "reserved": 0, "held": 0}


def test_the_person_sees_every_look_and_why_and_nobody_looks_without_a_word(world: World) -> None:
    bought = held(world)
    assert operator(world, "GET", "/reviews", {}).status_code == 400
    operator(world, "GET", "/reviews")
    operator(world, "POST", f"/reviews/{bought['id']}/release")
    operator(world, "POST", f"/reviews/{bought['id']}/release")
    looks = (world.ann.ask("GET", "/accesses").json or {})["items"]
    assert sorted((look["action"], look["refused"]) for look in looks) == [
        ("release-payment", False),
        ("release-payment", True),
        ("see-reviews", False),
    ]
    assert {look["purpose"] for look in looks} == {"security-incident"}
    assert Person(world.ann.client).ask("GET", "/accesses").json == {"items": [], "next": None}


def test_only_operators_reach_the_queue(world: World) -> None:
    bought = held(world)
    for method, path in (("GET", "/reviews"), ("POST", f"/reviews/{bought['id']}/release")):
        assert world.ann.ask(method, f"/admin{path}", WHY).status_code == 403
    assert operator(world, "POST", f"/reviews/{uuid4()}/release").status_code == 404
