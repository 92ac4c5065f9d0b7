"""What billing keeps of an account, why and until when, read from the declarations that erasure and export obey."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from nexoraz.billing.adapters.holdings import HELD
from nexoraz.events.declarations import TableHolding

WHAT: Mapping[str, str] = {
    "credit_accounts": "your credits: free, reserved for renders, held for review",
    "ledger": "every change of your credits",
    "postings": "the same changes by double entry",
    "purchases": "what you bought, for how much and when; Stripe's name of the payment; no card data",
    "refunds": "what you were given back, for how much and when; Stripe's name of the refund",
    "reviews": "payments of yours that were held for review, and why",
    "looks": "when and why an operator looked at your payments",
    "account_facts": "the region of your account, to notice a card from elsewhere",
    "subscriptions": "your plan, and the names of your customer record and subscription at Stripe",
}
CONTRACT = "contract (GDPR Art. 6(1)(b))"


@dataclass(frozen=True, slots=True)
class Kept:
    """records: how many there are. why: the legal basis. after_erasure: stays when the account is erased, without a
    name; until: the last moment of that, None when nothing would stay."""

    store: str
    what: str
    records: int
    why: str
    after_erasure: bool
    until: datetime | None


def kept_of(connection: Connection, account_id: str) -> list[Kept]:
    """One line per table of business data, in the order of the declarations."""
    return [_kept(connection, h, account_id) for h in HELD if isinstance(h, TableHolding) and h.store in WHAT]


def _kept(connection: Connection, holding: TableHolding, account_id: str) -> Kept:
    owned, retained = holding.owned(account_id), holding.retained
    records = connection.execute(select(func.count()).select_from(holding.table).where(owned)).scalar_one()
    until: datetime | None = None
    if retained is not None:
        where = owned if retained.where is None else owned & retained.where
        until = connection.execute(select(func.max(retained.until)).select_from(holding.table).where(where)).scalar()
    why = CONTRACT if until is None or retained is None else retained.basis
    return Kept(holding.store, WHAT[holding.store], records, why, until is not None, until)
