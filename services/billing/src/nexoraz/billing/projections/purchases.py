"""Which purchases has this account made, and what became of each? (clause C5: what is kept is listed)"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, Select, insert, select, tuple_, update

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
from nexoraz.billing.projections.tables import PURCHASES, REFUNDS
from nexoraz.events.event import Recorded
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction


@dataclass(frozen=True, slots=True)
class PurchaseRecord:
    """amount, refunded: in the currency's minor unit (cents). state: started, paid or failed. review: "", or "held",
    "released" or "refused" when the payment was looked at."""

    id: str
    account_id: str
    pack: str
    credits: int
    amount: int
    currency: str
    payment_intent: str
    state: str
    reason: str
    started_at: datetime
    paid_at: datetime | None
    refunded: int
    review: str


@dataclass(frozen=True, slots=True)
class RefundRecord:
    """kind: own, refund (asked for elsewhere) or dispute. state: started, paid or failed. amount: in cents."""

    id: str
    kind: str
    credits: int
    amount: int
    state: str
    reason: str
    started_at: datetime


class Purchases:
    """Applies purchase events to the billing records."""

    tables = (PURCHASES, REFUNDS)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        match recorded.event:
            case PurchaseStarted() as e:
                row = {"account_id": e.account_id, "pack": e.pack, "credits": e.credits, "amount": e.amount}
                row |= {"currency": e.currency, "payment_intent": e.payment_intent, "started_at": e.started_at}
                connection_of(tx).execute(insert(PURCHASES).values(id=e.purchase_id, state="started", **row))
            case InvoicePaid() as e:
                row = {"account_id": e.account_id, "pack": f"plan:{e.plan}", "credits": e.credits, "amount": e.amount}
                row |= {"currency": e.currency, "payment_intent": e.payment_intent, "started_at": e.paid_at}
                row |= {"state": "paid", "paid_at": e.paid_at}
                connection_of(tx).execute(insert(PURCHASES).values(id=e.purchase_id, **row))
            case PurchasePaid() as e:
                self._change(tx, e.purchase_id, state="paid", reason="", paid_at=e.paid_at)
            case PurchaseFailed() as e:
                self._change(tx, e.purchase_id, state="failed", reason=e.reason)
            case RefundStarted() as e:
                self._give_back(tx, e.refund_id, e, kind="own", state="started", started_at=e.started_at)
            case RefundedOutside() as e:
                self._give_back(tx, e.refund, e, kind=e.kind, state="paid", started_at=e.at, refund=e.refund)
            case PurchaseHeld() as e:
                self._change(tx, e.purchase_id, review="held")
            case ReviewDecided() as e:
                self._change(tx, e.purchase_id, review="released" if e.released else "refused")
            case RefundPaid() as e:
                self._end_refund(tx, e.refund_id, state="paid", refund=e.refund)
            case RefundFailed() as e:
                self._take_again(tx, e)
            case _:
                return

    def _change(self, tx: Transaction, purchase_id: str, **values: object) -> None:
        connection_of(tx).execute(update(PURCHASES).where(PURCHASES.c.id == purchase_id).values(**values))

    def _give_back(self, tx: Transaction, refund_id: str, e: RefundStarted | RefundedOutside, **said: object) -> None:
        row = {"id": refund_id, "account_id": e.account_id, "purchase_id": e.purchase_id, "credits": e.credits}
        connection_of(tx).execute(insert(REFUNDS).values(row | {"amount": e.amount} | said))
        self._change(tx, e.purchase_id, refunded=PURCHASES.c.refunded + e.amount)

    def _end_refund(self, tx: Transaction, refund_id: str, **values: object) -> None:
        connection_of(tx).execute(update(REFUNDS).where(REFUNDS.c.id == refund_id).values(**values))

    def _take_again(self, tx: Transaction, e: RefundFailed) -> None:
        self._change(tx, e.purchase_id, refunded=PURCHASES.c.refunded - e.amount)
        self._end_refund(tx, e.refund_id, state="failed", reason=e.reason)


def refunds_of(connection: Connection, account_id: str, purchase_id: str) -> Sequence[RefundRecord]:
    """The refunds of an account's purchase, oldest first."""
    t = REFUNDS
    query = select(t.c.id, t.c.kind, t.c.credits, t.c.amount, t.c.state, t.c.reason, t.c.started_at)
    own = query.where(t.c.account_id == account_id, t.c.purchase_id == purchase_id)
    return [RefundRecord(**row._mapping) for row in connection.execute(own.order_by(t.c.started_at, t.c.id))]


def find_purchase(connection: Connection, account_id: str, purchase_id: str) -> PurchaseRecord | None:
    """None for an unknown purchase and for another person's alike."""
    return _one(
        connection, select(PURCHASES).where(PURCHASES.c.id == purchase_id, PURCHASES.c.account_id == account_id)
    )


def purchase_of_intent(connection: Connection, payment_intent: str) -> PurchaseRecord | None:
    """The purchase that a Stripe payment intent pays for."""
    return _one(connection, select(PURCHASES).where(PURCHASES.c.payment_intent == payment_intent))


def purchases_of(
    connection: Connection, account_id: str, before: tuple[datetime, str] | None, limit: int
) -> Sequence[PurchaseRecord]:
    """The newest `limit` purchases that come after the keyset `before` in newest-first order."""
    query = select(PURCHASES).where(PURCHASES.c.account_id == account_id)
    if before is not None:
        query = query.where(tuple_(PURCHASES.c.started_at, PURCHASES.c.id) < before)
    rows = connection.execute(query.order_by(PURCHASES.c.started_at.desc(), PURCHASES.c.id.desc()).limit(limit))
    return [_record(row) for row in rows]


def _one(connection: Connection, query: Select[tuple[object, ...]]) -> PurchaseRecord | None:
    row = connection.execute(query).first()
    return _record(row) if row else None


def _record(row: Row[tuple[object, ...]]) -> PurchaseRecord:
    return PurchaseRecord(**row._mapping)
