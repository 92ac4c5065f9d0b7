"""Addresses that said stop, as keyed hashes: no erasure removes them, or the address would be mailed again."""

from sqlalchemy import DateTime, MetaData, Table, Text, func, select
from sqlalchemy.dialects.postgresql import insert

from nexoraz.events.columns import operational, pseudonym
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction


def suppressions_table(metadata: MetaData) -> Table:
    return Table(
        "suppressions",
        metadata,
        pseudonym("recipient_hash", Text, primary_key=True),
        operational("since", DateTime(timezone=True), nullable=False, server_default=func.now()),
    )


class SqlSuppressions:
    """See news.Suppressions."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, tx: Transaction, recipient_hash: str) -> None:
        row = insert(self._table).values(recipient_hash=recipient_hash)
        connection_of(tx).execute(row.on_conflict_do_nothing())

    def has(self, tx: Transaction, recipient_hash: str) -> bool:
        query = select(self._table.c.since).where(self._table.c.recipient_hash == recipient_hash)
        return connection_of(tx).execute(query).first() is not None
