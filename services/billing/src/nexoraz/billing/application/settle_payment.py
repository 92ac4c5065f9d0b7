"""A payment ended at the provider: record it, and add the credits in the same transaction, once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from nexoraz.billing.application.ports import Payment, PaymentHistory, Payments, PurchaseIndex, PurchaseRef
from nexoraz.billing.domain.credits import CREDITS, AddCredits, HoldCredits, credits_stream
from nexoraz.billing.domain.purchase import PURCHASE, purchase_stream
from nexoraz.billing.domain.purchase_commands import ConfirmPayment, HoldForReview, RejectPayment
from nexoraz.billing.domain.suspicion import VELOCITY_WINDOW, PaymentFacts, suspicions
from nexoraz.events.store import AccountErased, EventStore, Transaction, execute


class PaymentOpen(Exception):
    """The payment has not ended yet; ask again later."""


class PaymentUnknown(Exception):
    """The provider reports a payment for which no purchase was started here (yet)."""


class PaidAfterErasure(Exception):
    """Money arrived for an account that is erased: an operator refunds it at the provider."""


@dataclass(frozen=True, slots=True)
class SettlePayment:
    """Asks the provider, which is the truth, and never believes the caller. Safe to repeat."""

    store: EventStore
    payments: Payments
    purchases: PurchaseIndex
    history: PaymentHistory
    clock: Callable[[], datetime]

    def __call__(self, intent: str) -> None:
        """Raises PaymentOpen, PaymentUnknown, PaymentsUnavailable (all: try again later), PaymentMissing or
        PaidAfterErasure."""
        payment = self.payments.read(intent)
        if payment.status == "open":
            raise PaymentOpen(intent)
        try:
            with self.store.transaction() as tx:
                self._record(tx, payment)
        except AccountErased as erased:
            raise PaidAfterErasure(intent) from erased

    def _record(self, tx: Transaction, payment: Payment) -> None:
        purchase = self.purchases.of_intent(tx, payment.intent)
        if purchase is None:
            if payment.status != "succeeded":
                return  # a card that was declined at once: no purchase was recorded, and no money moved
            raise PaymentUnknown(payment.intent)
        stream = purchase_stream(purchase.purchase_id, purchase.account_id)
        if payment.status == "succeeded":
            reasons = suspicions(self._facts(tx, purchase.account_id, payment))
            if execute(tx, PURCHASE, stream, ConfirmPayment(purchase.purchase_id, self.clock())):
                self._credit(tx, purchase, reasons)
        else:
            reason = payment.reason or payment.status
            execute(tx, PURCHASE, stream, RejectPayment(purchase.purchase_id, reason, self.clock()))

    def _credit(self, tx: Transaction, purchase: PurchaseRef, reasons: tuple[str, ...]) -> None:
        account_id, purchase_id, credits = purchase.account_id, purchase.purchase_id, purchase.credits
        command: AddCredits | HoldCredits = AddCredits(account_id, purchase_id, credits)
        if reasons:
            command = HoldCredits(account_id, purchase_id, credits)
            held = HoldForReview(purchase_id, reasons, self.clock())
            execute(tx, PURCHASE, purchase_stream(purchase_id, account_id), held)
        execute(tx, CREDITS, credits_stream(account_id), command)

    def _facts(self, tx: Transaction, account_id: str, payment: Payment) -> PaymentFacts:
        recent = self.history.paid_since(tx, account_id, self.clock() - VELOCITY_WINDOW)
        return PaymentFacts(recent, payment.card_country, self.history.region(tx, account_id))
