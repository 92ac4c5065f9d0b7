"""C5: what is paid, how, and what is kept of it."""

import hashlib
import hmac
import json
import time
import urllib.parse
from typing import Any

import psycopg
import pytest
import urllib3

from nexoraz.local.credentials import Credentials
from nexoraz.local.layout import SERVICES, Layout
from tests.journey.demo import ROOT
from tests.journey.person import Person, until
from tests.journey.running import RunningSuite
from tests.policy.asking import Answer, ask
from tests.policy.conftest import Evidence

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
shows = pytest.mark.shows
CARD = "4242424242424242"


@pytest.fixture(scope="module")
def payer(suite: RunningSuite) -> Person:
    """Somebody who takes out a plan, and buys and gives back a pack, in the order of the tests."""
    person = suite.person()
    person.register()
    person.sign_in()
    return person


def at_stripe(person: Person, path: str, **form: str) -> dict[str, Any]:
    """A request to the payment company itself; a form makes it a POST."""
    headers = {"Authorization": f"Bearer {person.places.stripe_key}"}
    method, body = ("POST", urllib.parse.urlencode(form)) if form else ("GET", None)
    sent = headers | ({"Content-Type": "application/x-www-form-urlencoded"} if form else {})
    answer = urllib3.request(method, f"{person.places.stripe}/v1/{path}", body=body, headers=sent, retries=False)
    found: dict[str, Any] = answer.json()
    return found


def tell(suite: RunningSuite, person: Person, type_: str, about: dict[str, str]) -> Answer:
    """What Stripe tells, signed with the suite's own secret."""
    secret = Credentials(Layout(ROOT, suite.var, suite.port).secrets).get("stripe-webhook-secret", prefix="whsec_")
    event = {"id": f"evt_{time.time_ns()}", "object": "event", "type": type_, "data": {"object": about}}
    body, now = json.dumps(event).encode(), int(time.time())
    signed = hmac.new(secret.encode(), b"%d.%s" % (now, body), hashlib.sha256).hexdigest()
    headers = {"Stripe_Signature": f"t={now},v1={signed}", "Content_Type": "application/json"}
    return ask(person, "POST", "/v1/billing/webhooks/stripe", body, **headers)


def credits(person: Person, count: int) -> int:
    return until(lambda: count if person.balance()["balance"] == count else None, f"{count} credits")


@shows("C5", "credits by PaymentIntent")
@shows("C5", "webhook once in effect")
def test_a_payment_intent_brings_its_credits_once(suite: RunningSuite, payer: Person, evidence: Evidence) -> None:
    bought = payer.buy()
    intent = bought["payment_intent"]
    assert at_stripe(payer, f"payment_intents/{intent}")["status"] == "succeeded"
    assert credits(payer, 10)
    for _ in range(3):
        assert tell(suite, payer, "payment_intent.succeeded", {"id": intent}).status == 204
    entries = payer.call("GET", "/v1/billing/ledger?limit=100")["items"]
    assert [entry["kind"] for entry in entries] == ["purchase"] and payer.balance()["balance"] == 10
    forged = {"Stripe_Signature": "t=1,v1=00", "Content_Type": "application/json"}
    assert ask(payer, "POST", "/v1/billing/webhooks/stripe", b"{}", **forged).status == 400
    evidence(f"{intent} succeeded at Stripe; told four times, one entry of 10 credits; a forged webhook gets 400")


@shows("C5", "plans by subscription")
def test_each_paid_month_of_a_plan_brings_its_credits(payer: Person, evidence: Evidence) -> None:
    form = {"type": "card", "card[number]": CARD, "card[exp_month]": "12", "card[exp_year]": "2030", "card[cvc]": "123"}
    method = at_stripe(payer, "payment_methods", **form)["id"]
    taken = payer.call("POST", "/v1/billing/subscription", {"plan": "basic", "payment_method": method})
    assert (taken["plan"], taken["state"]) == ("basic", "active") and credits(payer, 50)
    found = at_stripe(payer, "subscriptions?limit=100")["data"]
    mine = next(s for s in found if customer_of(payer, s["customer"])["metadata"] == {"account_id": payer.account_id})
    at_stripe(payer, f"subscriptions/{mine['id']}/_renew", now="true")
    assert credits(payer, 90)
    tag = ask(payer, "GET", "/v1/billing/subscription").headers["ETag"]
    ended = payer.call("PATCH", "/v1/billing/subscription", {"cancels": True}, If_Match=tag)
    assert ended["cancels"] and ended["plan"] == "basic"
    evidence(f"{mine['id']}: 40 credits at once, 40 with its renewal; cancelled, it holds to the end of the period")


def customer_of(person: Person, customer: str) -> dict[str, Any]:
    return at_stripe(person, f"customers/{customer}")


@shows("C5", "refunds")
def test_what_is_not_spent_goes_back_once(payer: Person, evidence: Evidence) -> None:
    pack = next(p for p in payer.call("GET", "/v1/billing/purchases")["items"] if p["pack"] == "starter")
    path = f"/v1/billing/purchases/{pack['id']}"
    payer.call("POST", f"{path}/refunds", {"credits": 4})
    until(lambda: payer.call("GET", f"{path}/refunds")["items"][0]["state"] == "paid" or None, "the refund was paid")
    refunds = at_stripe(payer, f"refunds?payment_intent={pack['payment_intent']}")["data"]
    assert [refund["amount"] for refund in refunds] == [196]
    assert ask(payer, "POST", f"{path}/refunds", {"credits": 7}).status == 409
    assert credits(payer, 86)
    evidence("4 of 10 credits given back for 196 of 490 cents, once at Stripe; 7 more of the 6 left: 409")


@shows("C5", "what is kept is listed")
def test_what_is_kept_is_listed_with_its_reason_and_term(payer: Person, evidence: Evidence) -> None:
    kept = {item["store"]: item for item in payer.call("GET", "/v1/billing/kept")["items"]}
    assert kept["purchases"]["records"] == 3 and kept["purchases"]["after_erasure"]
    assert kept["purchases"]["until"][:4] > "2030" and "accounting" in kept["purchases"]["why"]
    assert not kept["ledger"]["after_erasure"] and kept["ledger"]["until"] is None
    bought = kept["purchases"]
    evidence(f"{len(kept)} kinds of records; purchases until {bought['until'][:10]}, {bought['why']}")


@shows("C5", "no card data")
def test_a_card_lies_in_no_table_and_on_no_disk_of_ours(suite: RunningSuite, payer: Person, evidence: Evidence) -> None:
    assert payer.account_id
    layout = Layout(ROOT, suite.var, suite.port)
    password = Credentials(layout.secrets).get("postgres-admin")
    tables_seen = 0
    for service in SERVICES:
        with psycopg.connect(
            host="127.0.0.1", port=layout.postgres_port, user="postgres", password=password, dbname=f"nexoraz_{service}"
        ) as database:
            for (table,) in database.execute("SELECT relname FROM pg_stat_user_tables").fetchall():
                row = database.execute(
                    f'SELECT count(*) FROM "{table}" t WHERE strpos(t::text, %s) > 0', (CARD,)
                ).fetchone()
                assert row == (0,), (service, table)
                tables_seen += 1
    files = [file for folder in ("nats", "log") for file in (suite.var / folder).rglob("*") if file.is_file()]
    assert files and not [file for file in files if CARD.encode() in file.read_bytes()]
    evidence(f"a card that paid three times is in none of {tables_seen} tables and {len(files)} files of bus and logs")


@shows("C1", "plan and credits in the profile")
def test_the_profile_shows_the_plan_and_the_credits_that_billing_keeps(payer: Person, evidence: Evidence) -> None:
    balance, plan = payer.balance()["balance"], payer.call("GET", "/v1/billing/subscription")["plan"]

    def shown() -> tuple[str, int] | None:
        profile = payer.call("GET", "/v1/identity/profile")
        found = profile["plan"], profile["credits"]
        return found if found == (plan, balance) else None

    assert until(shown, "the profile followed billing") == ("basic", 86)
    evidence(f"GET /v1/identity/profile: plan {plan}, {balance} credits, as billing says")


@shows("U3", "suspicious payments held")
def test_a_payment_too_many_is_held_for_review(suite: RunningSuite, evidence: Evidence) -> None:
    hasty = suite.person()
    hasty.register()
    hasty.sign_in()
    for _ in range(5):
        assert hasty.buy()["review"] == ""
    assert hasty.buy()["review"] == "held"
    balance = hasty.balance()
    assert (balance["balance"], balance["held"]) == (50, 10)
    reviews = ask(hasty, "GET", "/v1/billing/admin/reviews", Nexoraz_Purpose="audit")
    assert reviews.status == 403
    evidence("the sixth pack within an hour: paid, 10 credits held, and its person sees so; the queue is for operators")
