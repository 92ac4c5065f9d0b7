"""Whose tokens say that they are an operator's?"""

from datetime import datetime

from sqlalchemy import DateTime, MetaData, Table, Text, delete, select
from sqlalchemy.dialects.postgresql import insert

from nexoraz.events.columns import operational, pseudonym
from nexoraz.events.event import Recorded
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.identity.domain.operator import OperatorGranted, OperatorRevoked


def operators_table(metadata: MetaData) -> Table:
    return Table(
        "operators",
        metadata,
        pseudonym("account_id", Text, primary_key=True),
        operational("granted_at", DateTime(timezone=True), nullable=False),
    )


class SqlOperators:
    """See ports.OperatorRoll. One row per account with the role."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.tables = (table,)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        match recorded.event:
            case OperatorGranted(account_id, at):
                row = insert(self._table).values(account_id=account_id, granted_at=at)
                connection_of(tx).execute(row.on_conflict_do_nothing())
            case OperatorRevoked(account_id):
                connection_of(tx).execute(delete(self._table).where(self._table.c.account_id == account_id))

    def has(self, tx: Transaction, account_id: str) -> bool:
        """The row stays locked until the transaction ends, so that a revocation waits for the session that it must
        find and end."""
        query = select(self._table.c.account_id).where(self._table.c.account_id == account_id)
        return connection_of(tx).execute(query.with_for_update(read=True)).first() is not None

    def all(self, tx: Transaction) -> list[tuple[str, datetime]]:
        t = self._table
        rows = connection_of(tx).execute(select(t.c.account_id, t.c.granted_at).order_by(t.c.granted_at))
        return [(row.account_id, row.granted_at) for row in rows]
