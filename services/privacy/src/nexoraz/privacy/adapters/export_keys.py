"""The key pairs of exports: public half on the bus, private half in a sealed column until the archive is made."""

import base64
from typing import Any

from sqlalchemy import Engine, delete, insert, select

from nexoraz.events.export_parts import new_export_key
from nexoraz.events.registry import Sealer
from nexoraz.events.sealed_columns import open_column, seal_column
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.privacy.projections.tables import EXPORT_KEYS

COLUMN = EXPORT_KEYS.c.private_key


class SqlExportKeys:
    """The port ExportKeys."""

    def __init__(self, engine: Engine, vault: Sealer) -> None:
        self._engine = engine
        self._vault = vault

    def make(self, tx: Transaction, request_id: str, account_id: str) -> str:
        private, public = new_export_key()
        sealed = seal_column(self._vault, COLUMN, account_id, request_id, base64.b64encode(private).decode())
        row: dict[str, Any] = {"request_id": request_id, "account_id": account_id, "private_key": sealed}
        connection_of(tx).execute(insert(EXPORT_KEYS).values(**row))
        return public

    def private(self, request_id: str) -> bytes | None:
        with self._engine.connect() as connection:
            row = connection.execute(select(EXPORT_KEYS).where(EXPORT_KEYS.c.request_id == request_id)).first()
        if row is None:
            return None
        text = open_column(self._vault, COLUMN, row.account_id, request_id, row.private_key)
        return base64.b64decode(text or "")

    def forget(self, tx: Transaction, request_id: str) -> None:
        connection_of(tx).execute(delete(EXPORT_KEYS).where(EXPORT_KEYS.c.request_id == request_id))
