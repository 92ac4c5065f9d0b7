"""The Photos port over the photos table."""

from nexoraz.assets.projections.photos import file_is_needed, photo_exists
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction


class SqlPhotos:
    """Reads in the caller's transaction."""

    def exists(self, tx: Transaction, account_id: str, photo_id: str) -> bool:
        return photo_exists(connection_of(tx), account_id, photo_id)

    def needs_file(self, tx: Transaction, account_id: str, photo_id: str) -> bool:
        return file_is_needed(connection_of(tx), account_id, photo_id)
