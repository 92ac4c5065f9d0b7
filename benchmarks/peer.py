"""`eventsourcing` on the same PostgreSQL: what its users write, without encryption."""

from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from psycopg.conninfo import conninfo_to_dict

TEXT = "what somebody wrote about a cup of coffee"


class Note(Aggregate):
    @event("Written")
    def __init__(self, text: str) -> None:
        self.text = text

    @event("Rewritten")
    def rewrite(self, text: str) -> None:
        self.text = text


class Peer:
    """One application; safe for callers in threads."""

    def __init__(self, dsn: str, pool_size: int) -> None:
        parts: dict[str, Any] = conninfo_to_dict(dsn)
        self._application = Application[UUID](
            env={
                "PERSISTENCE_MODULE": "eventsourcing.postgres",
                "POSTGRES_DBNAME": parts["dbname"],
                "POSTGRES_HOST": parts["host"],
                "POSTGRES_PORT": parts["port"],
                "POSTGRES_USER": parts["user"],
                "POSTGRES_PASSWORD": parts["password"],
                "POSTGRES_POOL_SIZE": str(pool_size),
                "POSTGRES_MAX_OVERFLOW": "0",
            }
        )

    def append(self, events: int = 1) -> UUID:
        """A new aggregate with that many events, in one transaction."""
        note = Note(TEXT)
        for _ in range(events - 1):
            note.rewrite(TEXT)
        self._application.save(note)
        return note.id

    def replay(self, note_id: UUID) -> int:
        """The aggregate from its events; its version."""
        note: Note = self._application.repository.get(note_id)
        return note.version

    def close(self) -> None:
        self._application.close()
