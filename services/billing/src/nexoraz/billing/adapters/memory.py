"""Fakes of billing's ports for tests; they pass the ports' contract suites."""

from dataclasses import replace
from datetime import datetime
from typing import Literal

from nexoraz.billing.application.ports import (
    Payment,
    PaymentMissing,
    PaymentRejected,
    PaymentStatus,
    PaymentsUnavailable,
    PurchaseRef,
    RefundRejected,
    SeenRefund,
)
from nexoraz.billing.domain.packs import Pack
from nexoraz.events.store import Transaction


class FakeCustomers:
    """The customers of a payment provider in memory."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.down = False
        self.asked = 0

    def close_customer(self, customer: str) -> None:
        self.asked += 1
        if self.down:
            raise PaymentsUnavailable("APIError")
        self.known.discard(customer)


class FakePayments:
    """A payment provider in memory: payments are open until `finish` or a payment method ends them."""

    def __init__(self) -> None:
        self.payments: dict[str, Payment] = {}
        self.given_back: dict[str, list[SeenRefund]] = {}
        self.most_refundable = 1_000_000
        self.down = False
        self.declines: PaymentRejected | None = None

    def open(self, purchase_id: str, pack: Pack, payment_method: str | None) -> Payment:
        self._answer()
        if payment_method and self.declines:
            raise self.declines
        intent = f"pi_{purchase_id}"
        fresh = Payment(intent, "succeeded" if payment_method else "open", f"{intent}_secret_{pack.amount}")
        return self.payments.setdefault(intent, fresh)

    def read(self, intent: str) -> Payment:
        self._answer()
        if intent not in self.payments:
            raise PaymentMissing(intent)
        return self.payments[intent]

    def refund(self, intent: str, refund_id: str, amount: int) -> str:
        self._answer()
        known = next((r.id for r in self.given_back.get(intent, ()) if r.refund_id == refund_id), None)
        if known is None and amount > self.most_refundable:
            raise RefundRejected("refund_refused")
        return known or self.give_back(intent, "refund", amount, refund_id)

    def refunds(self, intent: str) -> list[SeenRefund]:
        self._answer()
        return list(self.given_back.get(intent, ()))

    def give_back(self, intent: str, kind: Literal["refund", "dispute"], amount: int, refund_id: str = "") -> str:
        """Money goes back, by our asking or somebody else's."""
        known = self.given_back.setdefault(intent, [])
        known.append(SeenRefund(f"{'re' if kind == 'refund' else 'dp'}_{intent}_{len(known)}", kind, amount, refund_id))
        return known[-1].id

    def finish(self, intent: str, reason: str = "") -> None:
        """The person paid, or the card was declined for a reason."""
        status: PaymentStatus = "failed" if reason else "succeeded"
        self.payments[intent] = replace(self.payments[intent], status=status, reason=reason)

    def _answer(self) -> None:
        if self.down:
            raise PaymentsUnavailable("down")


class MemoryPurchaseIndex:
    """Knows the purchases it was told."""

    def __init__(self) -> None:
        self.purchases: dict[str, PurchaseRef] = {}

    def of_intent(self, tx: Transaction, intent: str) -> PurchaseRef | None:  # noqa: ARG002 - the port's shape
        return self.purchases.get(intent)


class MemoryPaymentHistory:
    """Knows what it was told."""

    def __init__(self) -> None:
        self.recent = 0
        self.where = ""

    def paid_since(self, tx: Transaction, account_id: str, since: datetime) -> int:  # noqa: ARG002 - the port's shape
        return self.recent

    def region(self, tx: Transaction, account_id: str) -> str:  # noqa: ARG002 - the port's shape
        return self.where
