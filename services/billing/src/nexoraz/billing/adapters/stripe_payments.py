"""Payments through Stripe PaymentIntents (clause C5). No card data passes through here: the person's browser gives it
to Stripe and gets a payment method id. What Stripe learns from us is a purchase id, an amount and a currency."""

from dataclasses import replace
from typing import Any

import stripe

from nexoraz.billing.application.ports import (
    IdempotencyKeyReused,
    Payment,
    PaymentMissing,
    PaymentRejected,
    PaymentStatus,
    PaymentsUnavailable,
    RefundRejected,
    SeenRefund,
)
from nexoraz.billing.domain.packs import Pack

TIMEOUT_S = 8
CONFLICT = 409
NOT_TAKEN = ("won", "warning_needs_response", "warning_under_review", "warning_closed", "prevented")
"""States of a dispute in which the money is ours."""

STATUS: dict[str, PaymentStatus] = {
    "succeeded": "succeeded",
    "canceled": "cancelled",
    "requires_payment_method": "failed",
}


def stripe_client(api_key: str, api_base: str, version: str | None = None) -> stripe.StripeClient:
    """A client that waits TIMEOUT_S at most. version: of Stripe's API, the SDK's own without it."""
    return stripe.StripeClient(
        api_key,
        base_addresses={"api": api_base},
        http_client=stripe.RequestsClient(timeout=TIMEOUT_S),
        max_network_retries=1,
        stripe_version=version,
    )


class StripePayments:
    """The Payments port on the `stripe` SDK. Thread-safe."""

    def __init__(self, api_key: str, api_base: str) -> None:
        self._client = stripe_client(api_key, api_base)

    def open(self, purchase_id: str, pack: Pack, payment_method: str | None) -> Payment:
        params: dict[str, Any] = {
            "amount": pack.amount,
            "currency": pack.currency,
            "metadata": {"purchase_id": purchase_id},
        }
        if payment_method is not None:
            params |= {"payment_method": payment_method, "confirm": True}
        try:
            intent = self._client.v1.payment_intents.create(params, {"idempotency_key": f"purchase-{purchase_id}"})  # type: ignore[arg-type]
        except stripe.CardError as error:
            raise PaymentRejected(error.code or "card_declined") from error
        except stripe.IdempotencyError as error:
            if error.http_status == CONFLICT:  # the first request with this key is still running
                raise PaymentsUnavailable(type(error).__name__) from error
            raise IdempotencyKeyReused from error
        except stripe.InvalidRequestError as error:
            raise PaymentRejected(error.code or "invalid_payment_method") from error
        except stripe.StripeError as error:
            raise PaymentsUnavailable(type(error).__name__) from error
        return _payment(intent)

    def read(self, intent: str) -> Payment:
        try:
            found = self._client.v1.payment_intents.retrieve(intent)
            payment = _payment(found)
            if payment.status != "succeeded" or not found.payment_method:
                return payment
            method = self._client.v1.payment_methods.retrieve(str(found.payment_method))
            return replace(payment, card_country=(method.card.country or "") if method.card else "")
        except stripe.InvalidRequestError as error:
            raise PaymentMissing(intent) from error
        except stripe.StripeError as error:
            raise PaymentsUnavailable(type(error).__name__) from error

    def refund(self, intent: str, refund_id: str, amount: int) -> str:
        """Looked for first: Stripe forgets idempotency keys after a day."""
        try:
            known = next((r.id for r in self.refunds(intent) if r.refund_id == refund_id), None)
            asked: Any = {"payment_intent": intent, "amount": amount, "metadata": {"refund_id": refund_id}}
            return known or self._client.v1.refunds.create(asked, {"idempotency_key": f"refund-{refund_id}"}).id
        except stripe.InvalidRequestError as error:
            raise RefundRejected(error.code or "refund_refused") from error
        except stripe.StripeError as error:
            raise PaymentsUnavailable(type(error).__name__) from error

    def refunds(self, intent: str) -> list[SeenRefund]:
        """A dispute counts from the moment at which Stripe takes the money, unless it was won."""
        asked: Any = {"payment_intent": intent, "limit": 100}
        try:
            refunds = [r.to_dict() for r in self._client.v1.refunds.list(asked).auto_paging_iter()]
            disputes = [d.to_dict() for d in self._client.v1.disputes.list(asked).auto_paging_iter()]
        except stripe.StripeError as error:
            raise PaymentsUnavailable(type(error).__name__) from error
        given = [r for r in refunds if r["status"] not in ("failed", "canceled")]
        taken = [d for d in disputes if d["status"] not in NOT_TAKEN]
        return [
            *(SeenRefund(r["id"], "refund", r["amount"], (r["metadata"] or {}).get("refund_id", "")) for r in given),
            *(SeenRefund(d["id"], "dispute", d["amount"]) for d in taken),
        ]


def _payment(intent: stripe.PaymentIntent) -> Payment:
    """A payment without any attempt is open; one whose attempt failed says why."""
    failure = intent.last_payment_error
    status = STATUS.get(intent.status, "open")
    if status == "failed" and failure is None:
        status = "open"
    return Payment(intent.id, status, intent.client_secret or "", _code(failure))


def _code(failure: Any) -> str:
    return str(getattr(failure, "code", None) or "payment_failed") if failure is not None else ""
