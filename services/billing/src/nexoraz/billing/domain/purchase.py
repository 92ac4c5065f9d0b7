"""One purchase of credits: started with Stripe, then paid or failed. Paid is final; a failed one may still be paid,
because a person can try another card on the same payment intent."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, assert_never

from nexoraz.billing.domain.events import InvoicePaid, PurchaseFailed, PurchasePaid, PurchaseStarted
from nexoraz.billing.domain.packs import PACKS
from nexoraz.events.decider import Decider, Refused
from nexoraz.events.event import Stream


@dataclass
class UnknownPack(Refused):
    """The pack is not for sale."""

    pack: str


@dataclass
class PurchaseUnknown(Refused):
    """A payment was reported for a purchase that was never started here."""

    purchase_id: str


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


Command = StartPurchase | ConfirmPayment | RejectPayment | RecordInvoice
PurchaseEvent = PurchaseStarted | PurchasePaid | PurchaseFailed | InvoicePaid


@dataclass(frozen=True, slots=True)
class Purchase:
    account_id: str = ""
    credits: int = 0
    state: Literal["none", "started", "paid", "failed"] = "none"


def decide(command: Command, state: Purchase) -> Sequence[PurchaseEvent]:
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
        case _:
            assert_never(command)


def _invoice(c: RecordInvoice) -> InvoicePaid:
    return InvoicePaid(
        c.account_id, c.purchase_id, c.plan, c.credits, c.amount, c.currency, c.payment_intent, c.paid_at
    )


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


def _known(purchase_id: str, state: Purchase) -> None:
    if state.state == "none":
        raise PurchaseUnknown(purchase_id)


def evolve(state: Purchase, event: PurchaseEvent) -> Purchase:
    match event:
        case PurchaseStarted():
            return Purchase(event.account_id, event.credits, "started")
        case PurchasePaid():
            return replace(state, state="paid")
        case PurchaseFailed():
            return replace(state, state="failed")
        case InvoicePaid():
            return Purchase(event.account_id, event.credits, "paid")
        case _:
            assert_never(event)


PURCHASE: Decider[Command, Purchase, PurchaseEvent] = Decider(Purchase(), decide, evolve)


def purchase_stream(purchase_id: str, account_id: str) -> Stream:
    return Stream.of("purchase", purchase_id, account_id)
