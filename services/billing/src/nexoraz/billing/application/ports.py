"""What billing needs from the outside, apart from its store."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from nexoraz.billing.domain.packs import Pack
from nexoraz.events.store import Transaction

PaymentStatus = Literal["open", "succeeded", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as the provider tells it. client_secret: lets the person's browser finish it; never stored.
    reason: the provider's code of a failure, such as "card_declined". card_country: ISO 3166, "" when it is not
    told; it is compared and not kept."""

    intent: str
    status: PaymentStatus
    client_secret: str = ""
    reason: str = ""
    card_country: str = ""


class PaymentsUnavailable(Exception):
    """The payment provider did not answer in time, or answered with an error of its own. Try again later."""


class PaymentMissing(Exception):
    """The provider knows no such payment."""


@dataclass
class IdempotencyKeyReused(Exception):
    """The key opened another payment before: of another pack, by another payment method, or more than a day ago."""


@dataclass
class PaymentRejected(Exception):
    """The provider refused the payment method; the person can try another one. code: such as "card_declined"."""

    code: str


@dataclass
class RefundRejected(Exception):
    """The provider will not refund, for good. code: such as "charge_already_refunded"."""

    code: str


@dataclass(frozen=True, slots=True)
class SeenRefund:
    """Money that went back, as the provider tells it. kind: "refund", or "dispute" for a chargeback. refund_id: ours,
    "" when somebody else asked for it."""

    id: str
    kind: Literal["refund", "dispute"]
    amount: int
    refund_id: str = ""


class Payments(Protocol):
    """The payment provider."""

    def open(self, purchase_id: str, pack: Pack, payment_method: str | None) -> Payment:
        """Open a payment for a pack; confirm it at once when the payment method is given. Repeated with the same
        purchase id it gives the same payment. Raises PaymentsUnavailable, PaymentRejected, or IdempotencyKeyReused
        when that payment was opened for another pack or by another method."""
        ...

    def read(self, intent: str) -> Payment:
        """The payment as it stands. Raises PaymentsUnavailable or PaymentMissing."""
        ...

    def refund(self, intent: str, refund_id: str, amount: int) -> str:
        """Give a part of a payment back; the provider's id of it. Repeated with the same refund id it is one refund.
        Raises PaymentsUnavailable or RefundRejected."""
        ...

    def refunds(self, intent: str) -> list[SeenRefund]:
        """Everything of a payment that went back, whoever asked. Raises PaymentsUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class PurchaseRef:
    """Which purchase of which account a payment pays for."""

    purchase_id: str
    account_id: str
    credits: int


class PurchaseIndex(Protocol):
    """Finds the purchase of a payment intent."""

    def of_intent(self, tx: Transaction, intent: str) -> PurchaseRef | None: ...


class PaymentHistory(Protocol):
    """What is known of an account when one of its payments succeeds."""

    def paid_since(self, tx: Transaction, account_id: str, since: datetime) -> int: ...

    def region(self, tx: Transaction, account_id: str) -> str:
        """One of "eu", "us" and "other"; empty when identity has not told yet."""
        ...
