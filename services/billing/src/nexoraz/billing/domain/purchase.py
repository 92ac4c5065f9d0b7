"""One purchase of credits: started with Stripe, then paid or failed; or an invoice of a plan, paid from its start. Paid
is final; a failed one may still be paid, because a person can try another card on the same payment intent.

What is paid can be refunded, wholly or by credits, as far as the credits are not spent. A refund's amount is the
purchase's share that its credits are; the last one takes what rounding left, so refunds never exceed the price.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, assert_never

from nexoraz.billing.domain.events import (
    InvoicePaid,
    PurchaseFailed,
    PurchaseHeld,
    PurchasePaid,
    PurchaseStarted,
    RefundedOutside,
    RefundFailed,
    RefundPaid,
    RefundStarted,
    ReviewDecided,
)
from nexoraz.billing.domain.packs import PACKS
from nexoraz.billing.domain.purchase_commands import (
    Command,
    ConfirmPayment,
    ConfirmRefund,
    DecideReview,
    HoldForReview,
    NotHeld,
    NotRefundable,
    PurchaseUnknown,
    RecordInvoice,
    RecordOutsideRefund,
    RejectPayment,
    RejectRefund,
    StartPurchase,
    StartRefund,
    UnknownPack,
)
from nexoraz.events.decider import Decider
from nexoraz.events.event import Stream

PurchaseEvent = (
    PurchaseStarted
    | PurchasePaid
    | PurchaseFailed
    | InvoicePaid
    | RefundStarted
    | RefundPaid
    | RefundFailed
    | RefundedOutside
    | PurchaseHeld
    | ReviewDecided
)


@dataclass(frozen=True, slots=True)
class Refund:
    """state: "started", "paid" or "failed". refund: Stripe's id, once it is known."""

    credits: int
    amount: int
    state: Literal["started", "paid", "failed"] = "started"
    refund: str = ""


@dataclass(frozen=True, slots=True)
class Purchase:
    account_id: str = ""
    credits: int = 0
    amount: int = 0
    payment_intent: str = ""
    state: Literal["none", "started", "paid", "failed"] = "none"
    refunds: dict[str, Refund] = field(default_factory=dict)
    review: Literal["", "held", "decided"] = ""

    @property
    def left(self) -> Refund:
        """What was not given back: credits and money."""
        counted = [r for r in self.refunds.values() if r.state != "failed"]
        return Refund(self.credits - sum(r.credits for r in counted), self.amount - sum(r.amount for r in counted))


def decide(command: Command, state: Purchase) -> Sequence[PurchaseEvent]:  # noqa: PLR0911 - one per command
    match command:
        case StartPurchase():
            return _start(command) if state.state == "none" else []
        case ConfirmPayment(purchase_id, at):
            _known(purchase_id, state)
            return [] if state.state == "paid" else [PurchasePaid(state.account_id, purchase_id, at)]
        case RejectPayment(purchase_id, reason, at):
            _known(purchase_id, state)
            return [PurchaseFailed(state.account_id, purchase_id, reason, at)] if state.state == "started" else []
        case RecordInvoice():
            return [_invoice(command)] if state.state == "none" else []
        case StartRefund():
            _known(command.purchase_id, state)
            return [] if command.refund_id in state.refunds else [_refund(command, state)]
        case ConfirmRefund(purchase_id, refund_id, refund, at):
            waits = _refund_state(state, refund_id) == "started"
            return [RefundPaid(state.account_id, purchase_id, refund_id, refund, at)] if waits else []
        case RejectRefund(purchase_id, refund_id, reason, at):
            return _reject(purchase_id, refund_id, reason, at, state)
        case RecordOutsideRefund():
            _known(command.purchase_id, state)
            return _outside(command, state)
        case HoldForReview(purchase_id, reasons, at):
            _known(purchase_id, state)
            return [] if state.review else [PurchaseHeld(state.account_id, purchase_id, ",".join(reasons), at)]
        case DecideReview(purchase_id, released, at):
            if state.review != "held":
                raise NotHeld(purchase_id)
            return [ReviewDecided(state.account_id, purchase_id, released, at)]
        case _:
            assert_never(command)


def _start(command: StartPurchase) -> Sequence[PurchaseEvent]:
    pack = PACKS.get(command.pack)
    if pack is None:
        raise UnknownPack(command.pack)
    started = PurchaseStarted(
        account_id=command.account_id,
        purchase_id=command.purchase_id,
        pack=pack.id,
        credits=pack.credits,
        amount=pack.amount,
        currency=pack.currency,
        payment_intent=command.payment_intent,
        started_at=command.at,
    )
    return [started]


def _invoice(c: RecordInvoice) -> InvoicePaid:
    return InvoicePaid(
        c.account_id, c.purchase_id, c.plan, c.credits, c.amount, c.currency, c.payment_intent, c.paid_at
    )


def _refund(command: StartRefund, state: Purchase) -> RefundStarted:
    refundable = min(state.left.credits, command.free) if state.state == "paid" else 0
    credits = refundable if command.credits is None else command.credits
    if not 0 < credits <= refundable:
        raise NotRefundable(credits, refundable)
    left = state.left
    amount = left.amount if credits == left.credits else state.amount * credits // state.credits
    return RefundStarted(state.account_id, command.purchase_id, command.refund_id, credits, amount, command.at)


def _outside(command: RecordOutsideRefund, state: Purchase) -> Sequence[PurchaseEvent]:
    """Nothing for one that is known, or that is paid for one of ours. Credits are rounded up, to what is left."""
    if command.refund in state.refunds or any(r.refund == command.refund for r in state.refunds.values()):
        return []
    credits = min(-(-state.credits * command.amount // max(1, state.amount)), state.left.credits)
    return [
        RefundedOutside(
            state.account_id, command.purchase_id, command.refund, command.kind, credits, command.amount, command.at
        )
    ]


def _reject(purchase_id: str, refund_id: str, reason: str, at: datetime, state: Purchase) -> Sequence[RefundFailed]:
    if _refund_state(state, refund_id) != "started":
        return []
    amount = state.refunds[refund_id].amount
    return [RefundFailed(state.account_id, purchase_id, refund_id, amount, reason, at)]


def _known(purchase_id: str, state: Purchase) -> None:
    if state.state == "none":
        raise PurchaseUnknown(purchase_id)


def _refund_state(state: Purchase, refund_id: str) -> str:
    refund = state.refunds.get(refund_id)
    return refund.state if refund else ""


def evolve(state: Purchase, event: PurchaseEvent) -> Purchase:  # noqa: PLR0911 - one case per event
    match event:
        case PurchaseStarted():
            return Purchase(event.account_id, event.credits, event.amount, event.payment_intent, "started")
        case PurchasePaid():
            return replace(state, state="paid")
        case PurchaseFailed():
            return replace(state, state="failed")
        case InvoicePaid():
            return Purchase(event.account_id, event.credits, event.amount, event.payment_intent, "paid")
        case RefundStarted():
            return _with(state, event.refund_id, Refund(event.credits, event.amount))
        case RefundPaid():
            return _with(
                state, event.refund_id, replace(state.refunds[event.refund_id], state="paid", refund=event.refund)
            )
        case RefundFailed():
            return _with(state, event.refund_id, replace(state.refunds[event.refund_id], state="failed"))
        case PurchaseHeld():
            return replace(state, review="held")
        case ReviewDecided():
            return replace(state, review="decided")
        case RefundedOutside():
            return _with(state, event.refund, Refund(event.credits, event.amount, "paid", event.refund))
        case _:
            assert_never(event)


def _with(state: Purchase, refund_id: str, refund: Refund) -> Purchase:
    return replace(state, refunds={**state.refunds, refund_id: refund})


PURCHASE: Decider[Command, Purchase, PurchaseEvent] = Decider(Purchase(), decide, evolve)


def purchase_stream(purchase_id: str, account_id: str) -> Stream:
    return Stream.of("purchase", purchase_id, account_id)
