"""What the routes need of render."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Engine as Database

from nexoraz.events.questions import Questions
from nexoraz.events.store import EventStore


class StoredPictures(Protocol):
    """Reads finished pictures."""

    def read(self, account_id: str, output_id: str, start: int, end: int | None) -> Iterator[bytes]: ...


@dataclass(frozen=True, slots=True)
class Studio:
    """store: appends. database, questions: answers. most_watchers: live streams that one process serves at once."""

    store: EventStore
    database: Database
    questions: Questions
    pictures: StoredPictures
    clock: Callable[[], datetime]
    most_watchers: int
