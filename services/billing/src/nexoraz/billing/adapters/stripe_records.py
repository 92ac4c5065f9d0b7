"""Everything that Stripe says was paid, given back and is subscribed to, read page by page."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from nexoraz.billing.adapters.stripe_payments import NOT_TAKEN, stripe_client
from nexoraz.billing.adapters.stripe_subscriptions import API_VERSION, STATUS
from nexoraz.billing.domain.plans import plan_of_provider
from nexoraz.billing.domain.reconciliation import PaymentRecord, Records


def stripe_records(api_key: str, api_base: str, before: datetime) -> Records:
    """before: leaves out payments that are younger, whose news may still be on its way. Raises stripe.StripeError."""
    v1: Any = stripe_client(api_key, api_base, API_VERSION).v1
    refunded = Counter[str]()
    for refund in _all(v1.refunds):
        if refund["status"] not in ("failed", "canceled"):
            refunded[refund["payment_intent"] or ""] += refund["amount"]
    for dispute in _all(v1.disputes):
        if dispute["status"] not in NOT_TAKEN:
            refunded[dispute["payment_intent"]] += dispute["amount"]
    payments = {
        intent["id"]: PaymentRecord(intent["amount"], refunded[intent["id"]])
        for intent in _all(v1.payment_intents)
        if intent["status"] == "succeeded" and intent["created"] <= before.timestamp()
    }
    plans = {
        each["id"]: _plan(each["plan"]["id"])
        for each in _all(v1.subscriptions, status="all")
        if STATUS[each["status"]] != "ended" and each["created"] <= before.timestamp()
    }
    return Records(payments, plans)


def _plan(provider_id: str) -> str:
    plan = plan_of_provider(provider_id)
    return plan.id if plan else provider_id


def _all(kind: Any, **which: str) -> Iterator[dict[str, Any]]:
    for each in kind.list({"limit": 100, **which}).auto_paging_iter():
        yield each.to_dict()
