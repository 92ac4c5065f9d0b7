"""Which photos has this account, and what is known of each? (clause C3)"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, delete, insert, select, tuple_, update

from nexoraz.assets.domain.events import PhotoDeleted, PhotoTitled, PhotoUploaded
from nexoraz.assets.projections.tables import PHOTOS
from nexoraz.events.event import Recorded
from nexoraz.events.registry import Sealer
from nexoraz.events.sealed_columns import open_column, seal_column
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """width, height: in pixels, upright. size: in bytes. version: of the photo's stream, for ETags."""

    id: str
    account_id: str
    title: str | None
    media_type: str
    width: int
    height: int
    size: int
    uploaded_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Gallery:
    """Applies photo events to one row per photo, and answers from the rows. Titles are sealed in them."""

    sealer: Sealer
    tables = (PHOTOS,)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        match recorded.event:
            case PhotoUploaded() as e:
                row = {"media_type": e.media_type, "width": e.width, "height": e.height, "size": e.size}
                row |= {"uploaded_at": e.uploaded_at, "title": self._seal(e), "version": recorded.version}
                connection_of(tx).execute(insert(PHOTOS).values(id=e.photo_id, account_id=e.account_id, **row))
            case PhotoTitled() as e:
                values = {"title": self._seal(e), "version": recorded.version}
                connection_of(tx).execute(update(PHOTOS).where(PHOTOS.c.id == e.photo_id).values(**values))
            case PhotoDeleted() as e:
                connection_of(tx).execute(delete(PHOTOS).where(PHOTOS.c.id == e.photo_id))
            case _:
                return

    def find(self, connection: Connection, account_id: str, photo_id: str) -> PhotoRecord | None:
        """None for an unknown photo and for another person's alike."""
        query = select(PHOTOS).where(PHOTOS.c.id == photo_id, PHOTOS.c.account_id == account_id)
        row = connection.execute(query).first()
        return self._record(row) if row else None

    def of(
        self, connection: Connection, account_id: str, before: tuple[datetime, str] | None, limit: int
    ) -> Sequence[PhotoRecord]:
        """The newest `limit` photos that come after the keyset `before` in newest-first order."""
        query = select(PHOTOS).where(PHOTOS.c.account_id == account_id)
        if before is not None:
            query = query.where(tuple_(PHOTOS.c.uploaded_at, PHOTOS.c.id) < before)
        rows = connection.execute(query.order_by(PHOTOS.c.uploaded_at.desc(), PHOTOS.c.id.desc()).limit(limit))
        return [self._record(row) for row in rows]

    def all(self, connection: Connection, account_id: str) -> Sequence[PhotoRecord]:
        """Every photo of the account."""
        return [
            self._record(row) for row in connection.execute(select(PHOTOS).where(PHOTOS.c.account_id == account_id))
        ]

    def _seal(self, event: PhotoUploaded | PhotoTitled) -> bytes | None:
        if event.title is None:
            return None
        return seal_column(self.sealer, PHOTOS.c.title, event.account_id, event.photo_id, event.title)

    def _record(self, row: Row[tuple[object, ...]]) -> PhotoRecord:
        facts = dict(row._mapping)
        opened = open_column(self.sealer, PHOTOS.c.title, facts["account_id"], facts["id"], facts["title"])
        return PhotoRecord(**(facts | {"title": opened}))


def photo_exists(connection: Connection, account_id: str, photo_id: str) -> bool:
    """False for an unknown photo and for another person's alike."""
    found = select(PHOTOS.c.id).where(PHOTOS.c.id == photo_id, PHOTOS.c.account_id == account_id)
    return connection.execute(found).first() is not None
