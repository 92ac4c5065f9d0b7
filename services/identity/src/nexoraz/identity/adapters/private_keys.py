"""The private halves of signing keys, sealed by a system key of the vault."""

import json

from sqlalchemy import LargeBinary, MetaData, Table, Text, insert, select

from nexoraz.events.columns import operational, pseudonym
from nexoraz.events.registry import Sealer
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.identity.application.ports import Jwk

SYSTEM = ""
PURPOSE = "signing"


def private_keys_table(metadata: MetaData) -> Table:
    return Table(
        "signing_keys",
        metadata,
        pseudonym("kid", Text, primary_key=True),
        operational("sealed_private_key", LargeBinary, nullable=False),
    )


class SqlPrivateKeys:
    """See ports.PrivateKeys."""

    def __init__(self, table: Table, sealer: Sealer) -> None:
        self._table = table
        self._sealer = sealer

    def put(self, tx: Transaction, private: Jwk) -> None:
        kid = private["kid"]
        sealed = self._sealer.seal(SYSTEM, PURPOSE, json.dumps(private).encode(), kid)
        connection_of(tx).execute(insert(self._table), {"kid": kid, "sealed_private_key": sealed})

    def get(self, tx: Transaction, kid: str) -> Jwk:
        query = select(self._table.c.sealed_private_key).where(self._table.c.kid == kid)
        sealed = connection_of(tx).execute(query).scalar()
        if sealed is None:
            raise KeyError(kid)
        private: Jwk = json.loads(self._sealer.open(SYSTEM, PURPOSE, bytes(sealed), kid))
        return private
