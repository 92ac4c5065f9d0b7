"""Password hashes, sealed under the account's key: not even a hash can be attacked from a stolen database."""

from sqlalchemy import MetaData, Table, Text, delete, insert, select

from nexoraz.events.classification import Personal
from nexoraz.events.columns import personal, pseudonym
from nexoraz.events.registry import KeyDestroyed, Sealer
from nexoraz.events.sealed_columns import open_column, seal_column
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction


def credentials_table(metadata: MetaData) -> Table:
    return Table(
        "credentials",
        metadata,
        pseudonym("account_id", Text, primary_key=True),
        pseudonym("verification_id", Text, primary_key=True),
        personal("password_hash", Personal("user.authorization.password")),
    )


class SqlCredentials:
    """See ports.Credentials."""

    def __init__(self, table: Table, sealer: Sealer) -> None:
        self._table = table
        self._sealer = sealer

    def put(self, tx: Transaction, account_id: str, verification_id: str, password_hash: str) -> None:
        key = f"{account_id}|{verification_id}"
        sealed = seal_column(self._sealer, self._table.c.password_hash, account_id, key, password_hash)
        row = {"account_id": account_id, "verification_id": verification_id, "password_hash": sealed}
        connection_of(tx).execute(insert(self._table), row)

    def find(self, tx: Transaction, account_id: str, verification_id: str) -> str | None:
        t = self._table
        query = select(t.c.password_hash).where(t.c.account_id == account_id, t.c.verification_id == verification_id)
        sealed = connection_of(tx).execute(query).scalar()
        try:
            return open_column(self._sealer, t.c.password_hash, account_id, f"{account_id}|{verification_id}", sealed)
        except KeyDestroyed:
            return None

    def keep_only(self, tx: Transaction, account_id: str, verification_id: str) -> None:
        t = self._table
        others = delete(t).where(t.c.account_id == account_id, t.c.verification_id != verification_id)
        connection_of(tx).execute(others)
