"""Which albums has this account, and what is in each?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from nexoraz.assets.domain.events import AlbumArranged, AlbumCreated, AlbumDeleted, AlbumRenamed
from nexoraz.assets.projections.tables import ALBUMS
from nexoraz.events.event import Recorded
from nexoraz.events.registry import Sealer
from nexoraz.events.sealed_columns import open_column, seal_column
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction


@dataclass(frozen=True, slots=True)
class AlbumRecord:
    """photo_ids: in the person's order, those of photos in the bin too. version: for ETags."""

    id: str
    account_id: str
    name: str
    photo_ids: tuple[str, ...]
    created_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Albums:
    """One row per album. Names are sealed."""

    sealer: Sealer
    tables = (ALBUMS,)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        match recorded.event:
            case AlbumCreated() as e:
                row = {"id": e.album_id, "account_id": e.account_id, "photo_ids": [], "created_at": e.created_at}
                row |= {"name": self._sealed(e), "version": recorded.version}
                connection_of(tx).execute(insert(ALBUMS).values(**row))
            case AlbumRenamed() as e:
                _change(tx, e.album_id, recorded, name=self._sealed(e))
            case AlbumArranged() as e:
                _change(tx, e.album_id, recorded, photo_ids=list(e.photo_ids))
            case AlbumDeleted() as e:
                connection_of(tx).execute(delete(ALBUMS).where(ALBUMS.c.id == e.album_id))
            case _:
                return

    def find(self, connection: Connection, account_id: str, album_id: str) -> AlbumRecord | None:
        """None for an unknown album and another person's alike."""
        mine = select(ALBUMS).where(ALBUMS.c.id == album_id, ALBUMS.c.account_id == account_id)
        row = connection.execute(mine).first()
        return self._record(row) if row else None

    def of(self, connection: Connection, account_id: str) -> Sequence[AlbumRecord]:
        """All of them, which are bounded, the oldest first."""
        mine = select(ALBUMS).where(ALBUMS.c.account_id == account_id).order_by(ALBUMS.c.created_at, ALBUMS.c.id)
        return [self._record(row) for row in connection.execute(mine)]

    def count(self, connection: Connection, account_id: str) -> int:
        counted = select(func.count()).select_from(ALBUMS).where(ALBUMS.c.account_id == account_id)
        return int(connection.scalars(counted).one())

    def _sealed(self, event: AlbumCreated | AlbumRenamed) -> bytes:
        return seal_column(self.sealer, ALBUMS.c.name, event.account_id, event.album_id, event.name)

    def _record(self, row: Row[Any]) -> AlbumRecord:
        facts = dict(row._mapping)
        name = open_column(self.sealer, ALBUMS.c.name, facts["account_id"], facts["id"], facts["name"])
        return AlbumRecord(**(facts | {"name": name, "photo_ids": tuple(facts["photo_ids"])}))


def _change(tx: Transaction, album_id: str, recorded: Recorded, **values: object) -> None:
    changed = update(ALBUMS).where(ALBUMS.c.id == album_id).values(version=recorded.version, **values)
    connection_of(tx).execute(changed)
