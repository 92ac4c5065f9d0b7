"""What an erasure needs to know of the account that leaves."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, Table, select

from nexoraz.billing.projections.subscriptions import customer_of


@dataclass(frozen=True, slots=True)
class SqlLeavingAccounts:
    """erased: the tombstones of the service."""

    engine: Engine
    erased: Table

    def customer_of(self, account_id: str) -> str | None:
        with self.engine.connect() as connection:
            return customer_of(connection, account_id)

    def begun_at(self, account_id: str) -> datetime:
        """Since when the account is being erased."""
        query = select(self.erased.c.begun_at).where(self.erased.c.account_id == account_id)
        with self.engine.connect() as connection:
            at: datetime = connection.execute(query).scalar_one()
        return at
