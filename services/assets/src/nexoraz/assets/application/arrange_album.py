"""Albums are made, named, arranged and deleted, at the version that the person saw."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from nexoraz.assets.domain.albums import (
    ALBUM,
    MOST_ALBUMS,
    ArrangeAlbum,
    CreateAlbum,
    DeleteAlbum,
    RenameAlbum,
    TooManyAlbums,
    album_stream,
)
from nexoraz.events.store import Transaction, execute


@dataclass(frozen=True, slots=True)
class AlbumChanges:
    """All but `create` raise AlbumUnknown and VersionConflict. That the photos are the person's is known before."""

    clock: Callable[[], datetime]

    def create(self, tx: Transaction, account_id: str, had: int, name: str, photo_ids: Sequence[str]) -> str:
        """Its id. had: how many albums there are. Raises TooManyAlbums, AlbumFull and TitleNotAllowed."""
        if had >= MOST_ALBUMS:
            raise TooManyAlbums(MOST_ALBUMS)
        album_id = str(uuid4())
        stream = album_stream(album_id, account_id)
        execute(tx, ALBUM, stream, CreateAlbum(account_id, album_id, name, self.clock()))
        execute(tx, ALBUM, stream, ArrangeAlbum(album_id, photo_ids))
        return album_id

    def change(
        self, tx: Transaction, account_id: str, album_id: str, seen: int, name: str, photo_ids: Sequence[str]
    ) -> None:
        """Another name and other photos. Raises AlbumFull and TitleNotAllowed."""
        stream = album_stream(album_id, account_id)
        done = execute(tx, ALBUM, stream, RenameAlbum(album_id, name), expected=seen)
        at = done[-1].version if done else seen
        execute(tx, ALBUM, stream, ArrangeAlbum(album_id, photo_ids), expected=at)

    def delete(self, tx: Transaction, account_id: str, album_id: str, seen: int) -> None:
        """The album; its photos stay."""
        execute(tx, ALBUM, album_stream(album_id, account_id), DeleteAlbum(album_id, self.clock()), expected=seen)
