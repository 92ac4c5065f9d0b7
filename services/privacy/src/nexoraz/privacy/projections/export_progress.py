"""How far is an export that is being written? No facts of the request: a crash may take some of it back."""

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.privacy.application.exports import ARCHIVE
from nexoraz.privacy.projections.tables import EXPORT_PROGRESS


class SqlExportProgress:
    """The port ExportProgress."""

    def note(self, tx: Transaction, request_id: str, step: str, parts: int, size: int) -> None:
        row = {"request_id": request_id, "step": step, "parts": parts, "bytes": size}
        attempt = upsert(EXPORT_PROGRESS).values(**row)
        keys = ["request_id", "step"]
        connection_of(tx).execute(
            attempt.on_conflict_do_update(index_elements=keys, set_={"parts": parts, "bytes": size})
        )

    def forget(self, tx: Transaction, request_id: str) -> None:
        connection_of(tx).execute(delete(EXPORT_PROGRESS).where(EXPORT_PROGRESS.c.request_id == request_id))


def progress_of_export(connection: Connection, request_id: str) -> list[dict[str, object]]:
    """A line for each step that has begun: participants by name, then the archive."""
    t = EXPORT_PROGRESS
    rows = connection.execute(select(t).where(t.c.request_id == request_id).order_by(t.c.step == ARCHIVE, t.c.step))
    return [{"step": row.step, "parts": row.parts, "bytes": row.bytes} for row in rows]
