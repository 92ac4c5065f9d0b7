"""Plans through Stripe's customers, subscriptions and invoices (clause C5). What Stripe learns from us is the account's
pseudonym; the card is given to it by the person's browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, cast

import stripe

from nexoraz.billing.adapters.stripe_payments import CONFLICT, stripe_client
from nexoraz.billing.application.ports import IdempotencyKeyReused, PaymentRejected, PaymentsUnavailable
from nexoraz.billing.application.subscription_ports import Customer, PaidInvoice
from nexoraz.billing.domain.plans import Plan, plan_of_provider
from nexoraz.billing.domain.subscription import Seen, SeenStatus

API_VERSION = "2025-02-24.acacia"
"""Names its invoices' payments and its subscriptions' periods in the objects themselves."""
NOT_FOUND = 404
STATUS: dict[str, SeenStatus] = {
    "active": "active",
    "trialing": "active",
    "past_due": "past_due",
    "unpaid": "past_due",
    "incomplete": "incomplete",
    "incomplete_expired": "ended",
    "canceled": "ended",
    "paused": "ended",
}
Json = dict[str, Any]


class StripeSubscriptions:
    """The Subscriptions port on the `stripe` SDK. Thread-safe."""

    def __init__(self, api_key: str, api_base: str) -> None:
        self._v1: Any = stripe_client(api_key, api_base, API_VERSION).v1  # the SDK types a newer version of the API

    def open_customer(self, account_id: str) -> str:
        with _told():
            made = self._v1.customers.create({"metadata": {"account_id": account_id}}, _key(f"customer-{account_id}"))
        return cast(str, made.id)

    def close_customer(self, customer: str) -> None:
        try:
            with _told():
                self._v1.customers.delete(customer)
        except PaymentRejected as refused:
            if refused.code != "resource_missing":
                raise PaymentsUnavailable(refused.code) from refused

    def pay_by(self, customer: str, payment_method: str) -> None:
        with _told():
            kept = self._v1.payment_methods.attach(payment_method, {"customer": customer})
            self._v1.customers.update(customer, {"invoice_settings": {"default_payment_method": kept.id}})

    def subscribe(self, customer: str, plan: Plan, key: str) -> None:
        with _told():
            self._offer(plan)
            asked = {"customer": customer, "items": [{"plan": plan.provider_id}], "expand": ["latest_invoice"]}
            made = self._v1.subscriptions.create(asked, _key(f"subscribe-{key}")).to_dict()
            if made["status"] == "incomplete" and not self._secret(made):
                self.end(made["id"])
                raise PaymentRejected("card_declined")

    def change(self, subscription: str, plan: Plan, *, at_once: bool, key: str) -> None:
        with _told():
            self._offer(plan)
            item = self._v1.subscriptions.retrieve(subscription).to_dict()["items"]["data"][0]["id"]
            asked = {
                "items": [{"id": item, "plan": plan.provider_id}],
                "proration_behavior": "always_invoice" if at_once else "none",
                "payment_behavior": "error_if_incomplete",
            }
            self._v1.subscriptions.update(subscription, asked, _key(f"change-{key}"))

    def cancel_later(self, subscription: str, *, cancels: bool) -> None:
        with _told():
            self._v1.subscriptions.update(subscription, {"cancel_at_period_end": cancels})

    def end(self, subscription: str) -> None:
        with _told():
            if self._v1.subscriptions.retrieve(subscription).status not in ("canceled", "incomplete_expired"):
                self._v1.subscriptions.cancel(subscription)

    def retry(self, customer: str) -> None:
        for invoice in self._invoices(customer):
            if invoice["status"] == "open":
                try:
                    with _told():
                        self._v1.invoices.pay(invoice["id"])
                except PaymentRejected:
                    continue

    def read(self, customer: str) -> Customer:
        try:
            return self._read(customer)
        except PaymentRejected:  # Stripe has no such customer any more
            return Customer(None, ())

    def _read(self, customer: str) -> Customer:
        with _told():
            listed = self._v1.subscriptions.list({"customer": customer, "status": "all", "limit": 100})
            subscriptions = sorted((s.to_dict() for s in listed.auto_paging_iter()), key=lambda s: s["created"])
        paid = [i for i in self._invoices(customer) if i["status"] == "paid"]
        money = tuple(_invoice(i) for i in paid if i["amount_paid"] > 0 and i.get("payment_intent"))
        if not subscriptions:
            return Customer(None, money)
        numbered = list(enumerate(subscriptions, 1))
        number, newest = max(numbered, key=lambda n: (STATUS[n[1]["status"]] != "ended", n[0]))
        return Customer(_seen(newest, number, paid), money, self._secret(newest))

    def _invoices(self, customer: str) -> list[Json]:
        """Oldest first."""
        with _told():
            listed = self._v1.invoices.list({"customer": customer, "limit": 100})
            return sorted((i.to_dict() for i in listed.auto_paging_iter()), key=lambda i: i["created"])

    def _secret(self, subscription: Json) -> str:
        """What finishes the first payment, when the bank wants to authenticate the person."""
        latest = subscription.get("latest_invoice")
        if subscription["status"] != "incomplete" or not latest:
            return ""
        with _told():
            invoice = self._v1.invoices.retrieve(latest).to_dict() if isinstance(latest, str) else latest
            if not invoice.get("payment_intent"):
                return ""
            intent = self._v1.payment_intents.retrieve(invoice["payment_intent"])
        return str(intent.client_secret) if intent.status == "requires_action" else ""

    def _offer(self, plan: Plan) -> None:
        """Stripe knows the plan by its price; it is told of it by the first sale."""
        try:
            self._v1.plans.retrieve(plan.provider_id)
        except stripe.InvalidRequestError as missing:
            if missing.http_status != NOT_FOUND:
                raise
            offered = {"id": plan.provider_id, "amount": plan.amount, "currency": plan.currency, "interval": "month"}
            self._v1.plans.create(offered | {"product": {"name": f"Nexoraz {plan.id}"}}, _key(plan.provider_id))


def _seen(subscription: Json, number: int, paid: list[Json]) -> Seen:
    own = [i for i in paid if i.get("subscription") == subscription["id"]]
    latest = next((i for i in own if i["id"] == subscription["latest_invoice"]), own[-1] if own else None)
    chosen = plan_of_provider(subscription["plan"]["id"])
    bought = plan_of_provider(_plan_of(latest)) if latest else None
    return Seen(
        subscription["id"],
        number,
        STATUS[subscription["status"]],
        chosen.id if chosen else "",
        bought.id if bought else "",
        datetime.fromtimestamp(subscription["current_period_end"], UTC),
        bool(subscription["cancel_at_period_end"]),
    )


def _invoice(invoice: Json) -> PaidInvoice:
    paid_at = invoice["status_transitions"]["paid_at"] or invoice["created"]
    return PaidInvoice(
        invoice["id"],
        _plan_of(invoice),
        invoice["amount_paid"],
        invoice["currency"],
        invoice["payment_intent"],
        datetime.fromtimestamp(paid_at, UTC),
    )


def _plan_of(invoice: Json) -> str:
    """The plan of its dearest line; an upgrade has one more line, which takes the old plan back."""
    dearest = max(invoice["lines"]["data"], key=lambda line: line["amount"])
    return str((dearest.get("plan") or {}).get("id", ""))


def _key(name: str) -> Json:
    return {"idempotency_key": name}


@contextmanager
def _told() -> Iterator[None]:
    """Stripe's errors in the port's words."""
    try:
        yield
    except stripe.IdempotencyError as error:
        if error.http_status == CONFLICT:
            raise PaymentsUnavailable(type(error).__name__) from error
        raise IdempotencyKeyReused from error
    except stripe.CardError as error:
        raise PaymentRejected(error.code or "card_declined") from error
    except stripe.InvalidRequestError as error:
        raise PaymentRejected(error.code or "invalid_request") from error
    except stripe.StripeError as error:
        raise PaymentsUnavailable(type(error).__name__) from error
