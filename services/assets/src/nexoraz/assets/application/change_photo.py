"""Titling, tagging, deleting and taking back a photo at the version that the person saw."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from nexoraz.assets.application.file_tasks import FileTasks
from nexoraz.assets.domain.photo import (
    PHOTO,
    Command,
    DeletePhoto,
    DiscardPhoto,
    RestorePhoto,
    TagPhoto,
    TitlePhoto,
    photo_stream,
)
from nexoraz.events.store import EventStore, Transaction, execute


@dataclass(frozen=True, slots=True)
class PhotoChanges:
    """All raise PhotoUnknown, VersionConflict when the photo has changed since `seen`, and AccountErased."""

    store: EventStore
    files: FileTasks
    clock: Callable[[], datetime]

    def title(self, tx: Transaction, account_id: str, photo_id: str, seen: int, text: str | None) -> int:
        """Give it another title, or none; the version after it. Raises TitleNotAllowed."""
        return _executed(tx, account_id, photo_id, seen, TitlePhoto(photo_id, text))

    def tag(self, tx: Transaction, account_id: str, photo_id: str, seen: int, tags: Sequence[str]) -> int:
        """Give it these tags and no others; the version after it. Raises TagNotAllowed and TooManyTags."""
        return _executed(tx, account_id, photo_id, seen, TagPhoto(photo_id, tags))

    def discard(self, tx: Transaction, account_id: str, photo_id: str, seen: int) -> None:
        """The photo lies in the bin when `tx` commits; its end there is promised in the same commit."""
        version = _executed(tx, account_id, photo_id, seen, DiscardPhoto(photo_id, self.clock()))
        self.files.expire_later(tx, account_id, photo_id, version)

    def restore(self, tx: Transaction, account_id: str, photo_id: str, seen: int) -> None:
        """Out of the bin."""
        _executed(tx, account_id, photo_id, seen, RestorePhoto(photo_id, self.clock()))

    def delete(self, tx: Transaction, account_id: str, photo_id: str, seen: int) -> None:
        """Out of the bin and gone when `tx` commits, its file soon after."""
        _executed(tx, account_id, photo_id, seen, DeletePhoto(photo_id, self.clock()))
        self.files.delete_later(tx, account_id, photo_id)


def _executed(tx: Transaction, account_id: str, photo_id: str, seen: int, command: Command) -> int:
    done = execute(tx, PHOTO, photo_stream(photo_id, account_id), command, expected=seen)
    return done[-1].version if done else seen
