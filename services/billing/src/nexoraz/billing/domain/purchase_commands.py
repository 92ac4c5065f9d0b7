"""What can be asked of a purchase, and why it may be refused."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from nexoraz.events.decider import Refused


@dataclass
class UnknownPack(Refused):
    """The pack is not for sale."""

    pack: str


@dataclass
class PurchaseUnknown(Refused):
    """A payment was reported for a purchase that was never started here."""

    purchase_id: str


@dataclass
class NotRefundable(Refused):
    """More credits than can be given back for money: the rest is spent, given back already, or not paid."""

    asked: int
    refundable: int


@dataclass
class NotHeld(Refused):
    """The purchase waits for no decision."""

    purchase_id: str


@dataclass(frozen=True, slots=True)
class HoldForReview:
    """reasons: the rules that the payment met."""

    purchase_id: str
    reasons: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class DecideReview:
    purchase_id: str
    released: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class StartPurchase:
    account_id: str
    purchase_id: str
    pack: str
    payment_intent: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ConfirmPayment:
    purchase_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RejectPayment:
    purchase_id: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RecordInvoice:
    """Stripe charged for a plan by itself; there was no start here."""

    account_id: str
    purchase_id: str
    plan: str
    credits: int
    amount: int
    currency: str
    payment_intent: str
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class StartRefund:
    """credits: how many are given back, None for all that can be. free: how many the account can still use."""

    purchase_id: str
    refund_id: str
    credits: int | None
    free: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ConfirmRefund:
    """refund: Stripe's id of it."""

    purchase_id: str
    refund_id: str
    refund: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RejectRefund:
    purchase_id: str
    refund_id: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RecordOutsideRefund:
    """Stripe tells of money that went back without our asking."""

    purchase_id: str
    refund: str
    kind: Literal["refund", "dispute"]
    amount: int
    at: datetime


Command = (
    StartPurchase
    | ConfirmPayment
    | RejectPayment
    | RecordInvoice
    | StartRefund
    | ConfirmRefund
    | RejectRefund
    | RecordOutsideRefund
    | HoldForReview
    | DecideReview
)
