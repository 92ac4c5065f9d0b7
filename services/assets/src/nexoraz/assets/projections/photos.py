"""Which photos has this account, in its gallery and in its bin, and what is known of each? (clause C3)"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, tuple_, update

from nexoraz.assets.domain.events import (
    PhotoDeleted,
    PhotoDiscarded,
    PhotoRestored,
    PhotoTagged,
    PhotoTitled,
    PhotoUploaded,
)
from nexoraz.assets.projections.tables import PHOTOS, THUMBNAILS
from nexoraz.events.event import Recorded
from nexoraz.events.registry import Sealer
from nexoraz.events.sealed_columns import open_column, seal_column
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction

Keyset = tuple[datetime, str] | None
SIDES = ("width", "height", "size")


@dataclass(frozen=True, slots=True)
class ThumbnailRecord:
    """width, height: in pixels. size: in bytes."""

    width: int
    height: int
    size: int


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """width, height: in pixels, upright. size: in bytes. discarded_at: since when it lies in the bin. version: of the
    photo's stream, for ETags."""

    id: str
    account_id: str
    title: str | None
    tags: tuple[str, ...]
    media_type: str
    width: int
    height: int
    size: int
    uploaded_at: datetime
    discarded_at: datetime | None
    version: int
    thumbnail: ThumbnailRecord | None


@dataclass(frozen=True, slots=True)
class Gallery:
    """Applies photo events to one row per photo, and answers from the rows. Titles and tags are sealed in them."""

    sealer: Sealer
    tables = (PHOTOS,)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        match recorded.event:
            case PhotoUploaded() as e:
                row = {"media_type": e.media_type, "width": e.width, "height": e.height, "size": e.size}
                row |= {"uploaded_at": e.uploaded_at, "title": self._title(e), "version": recorded.version}
                connection_of(tx).execute(insert(PHOTOS).values(id=e.photo_id, account_id=e.account_id, **row))
            case PhotoTitled() as e:
                _change(tx, e.photo_id, recorded, title=self._title(e))
            case PhotoTagged() as e:
                _change(tx, e.photo_id, recorded, tags=self._tags(e))
            case PhotoDiscarded() as e:
                _change(tx, e.photo_id, recorded, discarded_at=e.discarded_at)
            case PhotoRestored() as e:
                _change(tx, e.photo_id, recorded, discarded_at=None)
            case PhotoDeleted() as e:
                connection_of(tx).execute(delete(PHOTOS).where(PHOTOS.c.id == e.photo_id))
            case _:
                return

    def find(self, connection: Connection, account_id: str, photo_id: str) -> PhotoRecord | None:
        """None for an unknown photo, one in the bin and another person's alike."""
        return self._one(connection, _kept(account_id).where(PHOTOS.c.id == photo_id))

    def find_in_bin(self, connection: Connection, account_id: str, photo_id: str) -> PhotoRecord | None:
        """None for a photo that does not lie in this person's bin."""
        return self._one(connection, _discarded(account_id).where(PHOTOS.c.id == photo_id))

    def of(self, connection: Connection, account_id: str, before: Keyset, limit: int) -> Sequence[PhotoRecord]:
        """The newest `limit` photos that come after the keyset `before` in newest-first order."""
        query = _kept(account_id)
        if before is not None:
            query = query.where(tuple_(PHOTOS.c.uploaded_at, PHOTOS.c.id) < before)
        return self._all(connection, query.order_by(PHOTOS.c.uploaded_at.desc(), PHOTOS.c.id.desc()).limit(limit))

    def bin_of(self, connection: Connection, account_id: str, before: Keyset, limit: int) -> Sequence[PhotoRecord]:
        """What was deleted last comes first."""
        query = _discarded(account_id)
        if before is not None:
            query = query.where(tuple_(PHOTOS.c.discarded_at, PHOTOS.c.id) < before)
        return self._all(connection, query.order_by(PHOTOS.c.discarded_at.desc(), PHOTOS.c.id.desc()).limit(limit))

    def all(self, connection: Connection, account_id: str) -> Sequence[PhotoRecord]:
        """Every photo of the account, in the bin too."""
        return self._all(connection, _of(account_id))

    def these(self, connection: Connection, account_id: str, ids: Sequence[str]) -> Sequence[PhotoRecord]:
        """Those of the photos that are in this person's gallery, in no order."""
        return self._all(connection, _kept(account_id).where(PHOTOS.c.id.in_(ids)))

    def _one(self, connection: Connection, query: Select[Any]) -> PhotoRecord | None:
        row = connection.execute(query).first()
        return self._record(row) if row else None

    def _all(self, connection: Connection, query: Select[Any]) -> list[PhotoRecord]:
        return [self._record(row) for row in connection.execute(query)]

    def _title(self, event: PhotoUploaded | PhotoTitled) -> bytes | None:
        if event.title is None:
            return None
        return seal_column(self.sealer, PHOTOS.c.title, event.account_id, event.photo_id, event.title)

    def _tags(self, event: PhotoTagged) -> bytes | None:
        if not event.tags:
            return None
        return seal_column(self.sealer, PHOTOS.c.tags, event.account_id, event.photo_id, "\n".join(event.tags))

    def _record(self, row: Row[Any]) -> PhotoRecord:
        facts = dict(row._mapping)
        owner, photo_id = facts["account_id"], facts["id"]
        title = open_column(self.sealer, PHOTOS.c.title, owner, photo_id, facts["title"])
        tags = open_column(self.sealer, PHOTOS.c.tags, owner, photo_id, facts["tags"])
        sides = [facts.pop(f"thumbnail_{name}") for name in SIDES]
        thumbnail = None if sides[0] is None else ThumbnailRecord(*sides)
        return PhotoRecord(**(facts | {"title": title, "tags": words(tags), "thumbnail": thumbnail}))


def words(tags: str | None) -> tuple[str, ...]:
    """The tags of a row, opened."""
    return tuple(tags.split("\n")) if tags else ()


def presented_row(row: dict[str, Any]) -> dict[str, Any]:
    """What an export says of a photo."""
    return row | {"tags": words(row["tags"])}


def photo_exists(connection: Connection, account_id: str, photo_id: str) -> bool:
    """False for an unknown photo, one in the bin and another person's alike."""
    return connection.execute(_kept(account_id).where(PHOTOS.c.id == photo_id)).first() is not None


def file_is_needed(connection: Connection, account_id: str, photo_id: str) -> bool:
    """Whether the photo is there, if only in the bin."""
    found = select(PHOTOS.c.id).where(PHOTOS.c.id == photo_id, PHOTOS.c.account_id == account_id)
    return connection.execute(found).first() is not None


def _of(account_id: str) -> Select[Any]:
    small = [THUMBNAILS.c[name].label(f"thumbnail_{name}") for name in SIDES]
    joined = PHOTOS.outerjoin(THUMBNAILS, THUMBNAILS.c.photo_id == PHOTOS.c.id)
    return select(PHOTOS, *small).select_from(joined).where(PHOTOS.c.account_id == account_id)


def _kept(account_id: str) -> Select[Any]:
    return _of(account_id).where(PHOTOS.c.discarded_at.is_(None))


def _discarded(account_id: str) -> Select[Any]:
    return _of(account_id).where(PHOTOS.c.discarded_at.is_not(None))


def _change(tx: Transaction, photo_id: str, recorded: Recorded, **values: object) -> None:
    changed = update(PHOTOS).where(PHOTOS.c.id == photo_id).values(version=recorded.version, **values)
    connection_of(tx).execute(changed)
