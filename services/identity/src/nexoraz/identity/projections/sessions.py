"""Where is this account signed in?"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Index, MetaData, Row, Table, Text, delete, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import UUID as SQL_UUID

from nexoraz.events.classification import Personal
from nexoraz.events.columns import operational, personal, pseudonym
from nexoraz.events.event import Recorded
from nexoraz.events.registry import Sealer
from nexoraz.events.sealed_columns import open_column, seal_column
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.identity.application.ports import ListedSession
from nexoraz.identity.domain.session import SessionRefreshed, SessionRevoked, SessionStarted

STAMP = DateTime(timezone=True)


def sessions_table(metadata: MetaData) -> Table:
    return Table(
        "sessions",
        metadata,
        pseudonym("id", SQL_UUID(as_uuid=True), primary_key=True),
        pseudonym("account_id", Text, nullable=False),
        personal("device", Personal("user.device", retention="session")),
        personal("network", Personal("user.device.ip_address", retention="session"), nullable=True),
        personal("country", Personal("user.location", retention="session"), nullable=True),
        operational("created_at", STAMP, nullable=False),
        operational("last_used_at", STAMP, nullable=False),
        operational("expires_at", STAMP, nullable=False),
        Index("sessions_of_account", "account_id", "created_at", "id"),
    )


class SqlSessions:
    """One row per session that is not revoked; expired ones are left out, and ended by the retention job."""

    def __init__(self, table: Table, sealer: Sealer) -> None:
        self._table = table
        self._sealer = sealer
        self.tables = (table,)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        t = self._table
        match recorded.event:
            case SessionStarted() as started:
                connection_of(tx).execute(insert(t).values(self._row(started)))
            case SessionRefreshed(session_id, _, _, refreshed_at):
                used = update(t).where(t.c.id == UUID(session_id)).values(last_used_at=refreshed_at)
                connection_of(tx).execute(used)
            case SessionRevoked(session_id):
                connection_of(tx).execute(delete(t).where(t.c.id == UUID(session_id)))

    def _row(self, started: SessionStarted) -> dict[str, Any]:
        c, account_id, session_id = self._table.c, started.account_id, started.session_id
        seen = {"device": started.device, "network": started.network, "country": started.country}
        sealed = {
            name: None if text is None else seal_column(self._sealer, c[name], account_id, session_id, text)
            for name, text in seen.items()
        }
        return {
            "id": UUID(session_id), "account_id": account_id, **sealed,
            "created_at": started.started_at, "last_used_at": started.started_at, "expires_at": started.expires_at,
        }  # fmt: skip

    def of_account(
        self, tx: Transaction, account_id: str, after: tuple[datetime, UUID] | None, limit: int, now: datetime
    ) -> list[ListedSession]:
        t = self._table
        query = select(t).where(t.c.account_id == account_id, t.c.expires_at > now)
        if after is not None:
            query = query.where(tuple_(t.c.created_at, t.c.id) < tuple_(*after))
        rows = connection_of(tx).execute(query.order_by(t.c.created_at.desc(), t.c.id.desc()).limit(limit))
        return [self._listed(row) for row in rows]

    def _listed(self, row: Row[Any]) -> ListedSession:
        def text(name: str) -> str:
            column = self._table.c[name]
            return open_column(self._sealer, column, row.account_id, str(row.id), getattr(row, name)) or ""

        return ListedSession(row.id, text("device"), row.created_at, row.last_used_at, text("network"), text("country"))
