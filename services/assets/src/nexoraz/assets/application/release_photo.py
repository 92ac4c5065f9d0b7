"""Releasing one photo to another service, for a purpose that it names: an address and a key for some minutes."""

from dataclasses import dataclass

from nexoraz.assets.application.ports import PhotoFiles, Photos
from nexoraz.events.decider import Refused
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.store import EventStore

PURPOSES = frozenset({"render"})


@dataclass
class NotReleased(Refused):
    """There is no such photo for that account and purpose; which of them it was is not told."""


@dataclass(frozen=True, slots=True)
class PhotoRelease:
    store: EventStore
    files: PhotoFiles
    photos: Photos

    def __call__(self, account_id: str, photo_id: str, purpose: str) -> bytes:
        """JSON for the reader. Raises NotReleased, StorageUnavailable."""
        with self.store.transaction() as tx:
            allowed = (
                purpose in PURPOSES and not tx.is_erased(account_id) and self.photos.exists(tx, account_id, photo_id)
            )
        if not allowed:
            raise NotReleased
        try:
            return self.files.release(account_id, photo_id)
        except (LookupError, KeyDestroyed) as gone:
            raise NotReleased from gone
