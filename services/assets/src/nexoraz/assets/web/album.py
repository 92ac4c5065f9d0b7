"""What all routes about photos need, and the ways in which they find and change one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from nexoraz.assets.application.change_photo import PhotoChanges
from nexoraz.assets.application.ports import PhotoFiles, ThumbnailFiles
from nexoraz.assets.application.upload_photo import Uploads
from nexoraz.assets.domain.photo import PhotoUnknown
from nexoraz.assets.projections.photos import Gallery, PhotoRecord
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import EventStore, Transaction, VersionConflict
from nexoraz.service.etags import require_if_match
from nexoraz.service.problems import Problem, not_found

Find = Callable[[Connection, str, str], PhotoRecord | None]
"""(connection, account id, photo id) → the photo, if it is where this looks: in the gallery or in the bin."""


@dataclass(frozen=True, slots=True)
class Album:
    """store: appends. engine: questions."""

    store: EventStore
    engine: Engine
    gallery: Gallery
    uploads: Uploads
    changes: PhotoChanges
    files: PhotoFiles
    small: ThumbnailFiles

    def one(self, find: Find, account_id: str, photo_id: str) -> PhotoRecord:
        """Raises the 404."""
        with self.engine.connect() as connection:
            return found(find(connection, account_id, photo_id))

    def one_in(self, tx: Transaction, account_id: str, photo_id: str) -> PhotoRecord:
        """A photo of the gallery as `tx` left it. Raises the 404."""
        return found(self.gallery.find(connection_of(tx), account_id, photo_id))

    @contextmanager
    def changing(self, find: Find, account_id: str, photo_id: str) -> Iterator[tuple[Transaction, int]]:
        """A transaction, and the version that If-Match named. Whoever loses a race is told so, or that it is gone."""
        seen = self.one(find, account_id, photo_id).version
        require_if_match(seen)
        try:
            with self.store.transaction() as tx:
                yield tx, seen
        except VersionConflict as conflict:
            raise Problem("version-changed", 412, "It was changed in the meantime") from conflict
        except PhotoUnknown as gone:
            raise not_found() from gone


def found(photo: PhotoRecord | None) -> PhotoRecord:
    """Raises the 404."""
    if photo is None:
        raise not_found()
    return photo
