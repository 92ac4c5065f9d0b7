"""Titling and deleting a photo at the version that the person saw."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from nexoraz.assets.application.file_tasks import FileTasks
from nexoraz.assets.domain.photo import PHOTO, DeletePhoto, TitlePhoto, photo_stream
from nexoraz.events.store import EventStore, Transaction, execute


@dataclass(frozen=True, slots=True)
class PhotoChanges:
    """Both raise PhotoUnknown, VersionConflict when the photo has changed since `seen`, and AccountErased."""

    store: EventStore
    files: FileTasks
    clock: Callable[[], datetime]

    def title(self, tx: Transaction, account_id: str, photo_id: str, seen: int, text: str | None) -> None:
        """Give it another title, or none. Raises TitleNotAllowed."""
        execute(tx, PHOTO, photo_stream(photo_id, account_id), TitlePhoto(photo_id, text), expected=seen)

    def delete(self, tx: Transaction, account_id: str, photo_id: str, seen: int) -> None:
        """The photo is gone when `tx` commits, its file soon after."""
        execute(tx, PHOTO, photo_stream(photo_id, account_id), DeletePhoto(photo_id, self.clock()), expected=seen)
        self.files.delete_later(tx, account_id, photo_id)
