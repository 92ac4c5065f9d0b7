"""Which photos exist, and whose are they? Told by assets; only ids."""

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from nexoraz.events.prepared import Prepared
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.render.projections.tables import PHOTOS

_OWNS = Prepared(
    select(PHOTOS.c.id).where(PHOTOS.c.id == bindparam("photo_id"), PHOTOS.c.account_id == bindparam("owner"))
)


def remember_photo(tx: Transaction, account_id: str, photo_id: str) -> None:
    connection_of(tx).execute(insert(PHOTOS).values(id=photo_id, account_id=account_id).on_conflict_do_nothing())


def forget_photo(tx: Transaction, account_id: str, photo_id: str) -> None:
    gone = delete(PHOTOS).where(PHOTOS.c.id == photo_id, PHOTOS.c.account_id == account_id)
    connection_of(tx).execute(gone)


def owns_photo(connection: Connection, account_id: str, photo_id: str) -> bool:
    """False for an unknown photo and for another person's alike."""
    return _OWNS.first(connection, photo_id=photo_id, owner=account_id) is not None
