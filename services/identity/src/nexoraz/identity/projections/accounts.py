"""Which account has this address? The address is only held as a keyed hash."""

from datetime import datetime

from sqlalchemy import DateTime, Index, MetaData, Table, Text, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from nexoraz.events.columns import operational, pseudonym
from nexoraz.events.event import Recorded
from nexoraz.events.schema import KernelTables
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction, VersionConflict
from nexoraz.identity.application.ports import KeyedHash, KnownAccount
from nexoraz.identity.domain.account import AccountRegistered, AccountVerified, AddressChanged
from nexoraz.identity.domain.password import PasswordReplaced


def accounts_table(metadata: MetaData) -> Table:
    table = Table(
        "accounts",
        metadata,
        pseudonym("account_id", Text, primary_key=True),
        pseudonym("email_hash", Text, nullable=False, unique=True),
        pseudonym("verified_by", Text, nullable=False, server_default=""),
        operational("registered_at", DateTime(timezone=True), nullable=False),
    )
    Index("accounts_unverified", table.c.registered_at, postgresql_where=table.c.verified_by == "")
    return table


class SqlAccounts:
    """One row per account. Two accounts never share an address: the slower registration gets a VersionConflict."""

    def __init__(self, table: Table, kernel: KernelTables, hashes: KeyedHash) -> None:
        self._table = table
        self._erased = kernel.erased_accounts
        self._hashes = hashes
        self.tables = (table,)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        match recorded.event:
            case AccountRegistered(account_id, email):
                known = {"account_id": account_id, "email_hash": self._hash(email)}
                row = insert(self._table).values(**known, registered_at=recorded.occurred_at)
                taken = row.on_conflict_do_nothing(index_elements=["email_hash"]).returning(self._table.c.account_id)
                if connection_of(tx).execute(taken).first() is None:
                    raise VersionConflict("accounts", 0)
            case AccountVerified(account_id, credential_id) | PasswordReplaced(account_id, credential_id):
                row_of = update(self._table).where(self._table.c.account_id == account_id)
                connection_of(tx).execute(row_of.values(verified_by=credential_id))
            case AddressChanged(account_id, email):
                self._move(tx, account_id, self._hash(email))

    def _move(self, tx: Transaction, account_id: str, email_hash: str) -> None:
        t = self._table
        taken = exists().where(t.c.email_hash == email_hash, t.c.account_id != account_id)
        if connection_of(tx).execute(select(taken)).scalar():
            raise VersionConflict("accounts", 0)
        connection_of(tx).execute(update(t).where(t.c.account_id == account_id).values(email_hash=email_hash))

    def after(self, tx: Transaction, account_id: str, most: int) -> list[str]:
        """The next verified accounts behind that id, unless their erasure has begun."""
        t, erased = self._table, self._erased
        living = ~exists().where(erased.c.account_id == t.c.account_id)
        query = select(t.c.account_id).where(t.c.account_id > account_id, t.c.verified_by != "", living)
        return list(connection_of(tx).scalars(query.order_by(t.c.account_id).limit(most)))

    def find(self, tx: Transaction, email: str) -> KnownAccount | None:
        """The account of a normalised address, unless its erasure has begun."""
        t, erased = self._table, self._erased
        living = ~exists().where(erased.c.account_id == t.c.account_id)
        query = select(t.c.account_id, t.c.verified_by).where(t.c.email_hash == self._hash(email), living)
        row = connection_of(tx).execute(query).first()
        return KnownAccount(row.account_id, row.verified_by) if row else None

    def password_of(self, tx: Transaction, account_id: str) -> str:
        query = select(self._table.c.verified_by).where(self._table.c.account_id == account_id)
        return connection_of(tx).execute(query.with_for_update(read=True)).scalar() or ""

    def release_address(self, tx: Transaction, account_id: str) -> None:
        """When an erasure begins: the address is free at once, for whoever registers it next."""
        row_of = update(self._table).where(self._table.c.account_id == account_id)
        connection_of(tx).execute(row_of.values(email_hash=account_id, verified_by=""))

    def erasure_began_at(self, tx: Transaction, account_id: str) -> datetime | None:
        query = select(self._erased.c.begun_at).where(self._erased.c.account_id == account_id)
        began_at: datetime | None = connection_of(tx).execute(query).scalar()
        return began_at

    def _hash(self, email: str) -> str:
        return self._hashes.keyed_hash("email", email)
