"""The secrets of second factors, sealed under the account's key."""

from sqlalchemy import MetaData, Table, Text, delete, insert, select

from nexoraz.events.classification import Personal
from nexoraz.events.columns import personal, pseudonym
from nexoraz.events.registry import KeyDestroyed, Sealer
from nexoraz.events.sealed_columns import open_column, seal_column
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction


def factor_secrets_table(metadata: MetaData) -> Table:
    return Table(
        "factor_secrets",
        metadata,
        pseudonym("account_id", Text, primary_key=True),
        pseudonym("factor_id", Text, nullable=False),
        personal("secret", Personal("user.authorization.credentials")),
    )


class SqlFactorSecrets:
    """See ports.FactorSecrets."""

    def __init__(self, table: Table, sealer: Sealer) -> None:
        self._table = table
        self._sealer = sealer

    def put(self, tx: Transaction, account_id: str, factor_id: str, secret: str) -> None:
        self.delete(tx, account_id)
        sealed = seal_column(self._sealer, self._table.c.secret, account_id, account_id, secret)
        row = {"account_id": account_id, "factor_id": factor_id, "secret": sealed}
        connection_of(tx).execute(insert(self._table), row)

    def find(self, tx: Transaction, account_id: str, factor_id: str) -> str | None:
        t = self._table
        query = select(t.c.secret).where(t.c.account_id == account_id, t.c.factor_id == factor_id)
        sealed = connection_of(tx).execute(query).scalar()
        try:
            return open_column(self._sealer, t.c.secret, account_id, account_id, sealed)
        except KeyDestroyed:
            return None

    def delete(self, tx: Transaction, account_id: str) -> None:
        connection_of(tx).execute(delete(self._table).where(self._table.c.account_id == account_id))
