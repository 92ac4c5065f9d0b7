"""Titling and deleting a photo at the version that the person saw."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from nexoraz.assets.application.file_tasks import FileTasks
from nexoraz.assets.domain.photo import PHOTO, Command, DeletePhoto, TitlePhoto, photo_stream
from nexoraz.events.store import EventStore, Transaction, VersionConflict, load


@dataclass(frozen=True, slots=True)
class PhotoChanges:
    """Both raise PhotoUnknown, VersionConflict when the photo has changed since `seen`, and AccountErased."""

    store: EventStore
    files: FileTasks
    clock: Callable[[], datetime]

    def title(self, tx: Transaction, account_id: str, photo_id: str, seen: int, text: str | None) -> None:
        """Give it another title, or none. Raises TitleNotAllowed."""
        _append(tx, account_id, photo_id, seen, TitlePhoto(photo_id, text))

    def delete(self, tx: Transaction, account_id: str, photo_id: str, seen: int) -> None:
        """The photo is gone when `tx` commits, its file soon after."""
        _append(tx, account_id, photo_id, seen, DeletePhoto(photo_id, self.clock()))
        self.files.delete_later(tx, account_id, photo_id)


def _append(tx: Transaction, account_id: str, photo_id: str, seen: int, command: Command) -> None:
    stream = photo_stream(photo_id, account_id)
    state, version = load(tx, PHOTO, stream)
    if version != seen:
        raise VersionConflict(stream.name, seen)
    events = PHOTO.decide(command, state)
    if events:
        tx.append(stream, version, events)
