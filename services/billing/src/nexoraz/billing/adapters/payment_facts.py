"""The PaymentHistory port over the purchases and what identity told of the account."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from nexoraz.billing.projections.tables import ACCOUNT_FACTS, PURCHASES
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction


class SqlPaymentHistory:
    """Reads in the caller's transaction."""

    def paid_since(self, tx: Transaction, account_id: str, since: datetime) -> int:
        t = PURCHASES
        query = select(func.count()).where(t.c.account_id == account_id, t.c.state == "paid", t.c.paid_at >= since)
        return int(connection_of(tx).execute(query).scalar_one())

    def region(self, tx: Transaction, account_id: str) -> str:
        query = select(ACCOUNT_FACTS.c.region).where(ACCOUNT_FACTS.c.account_id == account_id)
        return connection_of(tx).execute(query).scalar() or ""


def remember_region(tx: Transaction, account_id: str, region: str) -> None:
    """What identity told when the account was verified; nothing of an account that is erased."""
    if not tx.is_erased(account_id):
        row = upsert(ACCOUNT_FACTS).values(account_id=account_id, region=region)
        known = row.on_conflict_do_update(index_elements=["account_id"], set_={"region": region})
        connection_of(tx).execute(known)
