"""Which photos have a thumbnail, and how large is it?"""

from sqlalchemy import delete, insert

from nexoraz.assets.domain.events import PhotoDeleted, ThumbnailMade
from nexoraz.assets.projections.tables import THUMBNAILS
from nexoraz.events.event import Recorded
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction


class ThumbnailIndex:
    """One row per thumbnail; the gallery reads them beside its own."""

    tables = (THUMBNAILS,)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        match recorded.event:
            case ThumbnailMade() as e:
                row = {"photo_id": e.photo_id, "account_id": e.account_id, "width": e.width, "height": e.height}
                connection_of(tx).execute(insert(THUMBNAILS).values(**row, size=e.size))
            case PhotoDeleted() as e:
                connection_of(tx).execute(delete(THUMBNAILS).where(THUMBNAILS.c.photo_id == e.photo_id))
            case _:
                return
