"""Whose account is linked to this person at that provider? The person is only held as a keyed hash."""

from sqlalchemy import MetaData, Table, Text, delete, select
from sqlalchemy.dialects.postgresql import insert

from nexoraz.events.columns import operational, pseudonym
from nexoraz.events.event import Recorded
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction, VersionConflict
from nexoraz.identity.domain.provider_link import ProviderLinked, ProviderUnlinked


def provider_links_table(metadata: MetaData) -> Table:
    return Table(
        "provider_links",
        metadata,
        pseudonym("subject_hash", Text, primary_key=True),
        pseudonym("account_id", Text, nullable=False, index=True),
        operational("provider", Text, nullable=False),
    )


class SqlProviderLinks:
    """See ports.ProviderLinks. The slower of two links of one subject gets a VersionConflict."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.tables = (table,)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        t = self._table
        match recorded.event:
            case ProviderLinked(account_id, provider, subject_hash):
                row = insert(t).values(subject_hash=subject_hash, account_id=account_id, provider=provider)
                taken = row.on_conflict_do_nothing().returning(t.c.account_id)
                if connection_of(tx).execute(taken).first() is None:
                    raise VersionConflict("provider-links", 0)
            case ProviderUnlinked(subject_hash=subject_hash):
                connection_of(tx).execute(delete(t).where(t.c.subject_hash == subject_hash))

    def find(self, tx: Transaction, subject_hash: str) -> str | None:
        query = select(self._table.c.account_id).where(self._table.c.subject_hash == subject_hash)
        account_id: str | None = connection_of(tx).execute(query.with_for_update(read=True)).scalar()
        return account_id
