"""Which purchases has this account made, and what became of each? (clause C5: what is kept is listed)"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, Select, insert, select, tuple_, update

from nexoraz.billing.domain.events import InvoicePaid, PurchaseFailed, PurchasePaid, PurchaseStarted
from nexoraz.billing.projections.tables import PURCHASES
from nexoraz.events.event import Recorded
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction


@dataclass(frozen=True, slots=True)
class PurchaseRecord:
    """amount: in the currency's minor unit (cents). state: started, paid or failed."""

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


class Purchases:
    """Applies purchase events to the billing records."""

    tables = (PURCHASES,)

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
            case _:
                return

    def _change(self, tx: Transaction, purchase_id: str, **values: object) -> None:
        connection_of(tx).execute(update(PURCHASES).where(PURCHASES.c.id == purchase_id).values(**values))


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
