"""Thumbnails: small copies of photos, made in the worker after the fact, and gone with the photo."""

from dataclasses import dataclass

import structlog

from nexoraz.assets.application.ports import (
    PhotoFiles,
    Photos,
    PictureUnreadable,
    Thumbnailer,
    ThumbnailFiles,
)
from nexoraz.assets.domain.events import ThumbnailMade
from nexoraz.events.event import Stream
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.store import EventStore
from nexoraz.events.tasks import Task

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Thumbnails:
    store: EventStore
    photos: Photos
    files: PhotoFiles
    small: ThumbnailFiles
    thumbnailer: Thumbnailer

    def make(self, task: Task) -> None:
        """The thumbnail of a photo, once; none where the photo is gone or cannot be read. May run any number of times.
        Raises StorageUnavailable."""
        account_id, photo_id = task.account_id, str(task.payload["photo_id"])
        if not self._needed(account_id, photo_id):
            return
        try:
            made = self.thumbnailer.make(self.files.read(account_id, photo_id, 0, None))
            self.small.put(account_id, photo_id, made.content)
        except (LookupError, KeyDestroyed):
            return
        except PictureUnreadable:
            log.warning("no thumbnail", photo_id=photo_id)
            return
        fact = ThumbnailMade(account_id, photo_id, made.width, made.height, len(made.content))
        stream = Stream.of("thumbnail", photo_id, account_id)
        with self.store.transaction() as tx:
            if not tx.read(stream):
                tx.append(stream, 0, [fact])
        if not self._needed(account_id, photo_id):
            self.small.delete(account_id, photo_id)  # the photo was deleted for good while this ran

    def _needed(self, account_id: str, photo_id: str) -> bool:
        with self.store.transaction() as tx:
            return self.photos.needs_file(tx, account_id, photo_id)
