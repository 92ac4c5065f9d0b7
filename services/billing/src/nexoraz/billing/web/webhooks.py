"""What Stripe tells us. A webhook is only a hint: the worker then asks Stripe, so that a forged, repeated, reordered or
lost one changes nothing."""

from typing import Any

import stripe
from flask import request

from nexoraz.billing.application.payment_watch import PaymentWatch
from nexoraz.billing.application.refunding import Refunding
from nexoraz.billing.application.subscription_watch import SubscriptionWatch
from nexoraz.billing.projections.subscriptions import account_of_customer
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import EventStore, Transaction
from nexoraz.service.app import Blueprint
from nexoraz.service.problems import Problem

ABOUT_PAYMENTS = "payment_intent."
ABOUT_REFUNDS = ("charge.refunded", "charge.refund.", "charge.dispute.", "refund.")
ABOUT_PLANS = ("customer.subscription.", "invoice.")


def webhooks_blueprint(
    store: EventStore, watch: PaymentWatch, plans: SubscriptionWatch, refunding: Refunding, secret: str
) -> Blueprint:
    webhooks = Blueprint("webhooks", __name__, url_prefix="/webhooks", description="For Stripe")

    @webhooks.route("/stripe", methods=["POST"])
    @webhooks.response(204)
    def stripe_told() -> None:
        """A signed event from Stripe (`Stripe-Signature`, at most five minutes old)."""
        event = _verified(request.get_data(), request.headers.get("Stripe-Signature", ""), secret)
        intent, customer, hint = _intent_of(event), _customer_of(event), str(event.get("id", ""))
        if intent is not None:
            with store.transaction() as tx:
                watch.soon(tx, intent, hint)
        refunded = _refunded_of(event)
        if refunded is not None:
            with store.transaction() as tx:
                refunding.soon(tx, refunded, hint)
        if customer is not None:
            with store.transaction() as tx:
                _look_at(tx, plans, customer, hint)

    return webhooks


def _verified(payload: bytes, signature: str, secret: str) -> dict[str, Any]:
    try:
        event = stripe.Webhook.construct_event(payload, signature, secret)
    except (ValueError, stripe.SignatureVerificationError) as error:
        raise Problem(
            rule="webhook-signature-invalid", status=400, title="The signature of the webhook does not hold"
        ) from error
    return dict(event.to_dict())


def _look_at(tx: Transaction, plans: SubscriptionWatch, customer: str, hint: str) -> None:
    """A customer whom nobody here is, is none of ours or was erased; the reconciliation tells it."""
    account_id = account_of_customer(connection_of(tx), customer)
    if account_id is not None:
        plans.soon(tx, account_id, hint)


def _customer_of(event: dict[str, Any]) -> str | None:
    if not str(event.get("type", "")).startswith(ABOUT_PLANS):
        return None
    customer = event.get("data", {}).get("object", {}).get("customer")
    return customer if isinstance(customer, str) and customer.startswith("cus_") else None


def _refunded_of(event: dict[str, Any]) -> str | None:
    if not str(event.get("type", "")).startswith(ABOUT_REFUNDS):
        return None
    intent = event.get("data", {}).get("object", {}).get("payment_intent")
    return intent if isinstance(intent, str) and intent.startswith("pi_") else None


def _intent_of(event: dict[str, Any]) -> str | None:
    if not str(event.get("type", "")).startswith(ABOUT_PAYMENTS):
        return None
    intent = event.get("data", {}).get("object", {}).get("id")
    return intent if isinstance(intent, str) and intent.startswith("pi_") else None
