"""What happened to a photo, as its owner reads it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from nexoraz.assets.domain.events import (
    PhotoDeleted,
    PhotoDiscarded,
    PhotoFileErased,
    PhotoRestored,
    PhotoTagged,
    PhotoTitled,
    PhotoUploaded,
)
from nexoraz.assets.domain.photo import PhotoEvent

CHANGES = ("uploaded", "renamed", "tagged", "deleted", "restored", "erased")
"""What a change can be."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change. version: of the photo, by it. what: one of CHANGES.
    details: what it is since then, such as its title."""

    version: int
    at: datetime
    what: str
    details: dict[str, str | list[str] | None] = field(default_factory=dict)


def change(version: int, at: datetime, event: PhotoEvent) -> Change:
    """The event in the person's words."""
    match event:
        case PhotoUploaded():
            return Change(version, at, "uploaded", {"title": event.title})
        case PhotoTitled():
            return Change(version, at, "renamed", {"title": event.title})
        case PhotoTagged():
            return Change(version, at, "tagged", {"tags": event.tags or []})
        case PhotoDiscarded():
            return Change(version, at, "deleted")
        case PhotoRestored():
            return Change(version, at, "restored")
        case PhotoDeleted() | PhotoFileErased():
            return Change(version, at, "erased")
        case _:
            assert_never(event)


def newest_first(changes: Sequence[Change], before: int | None, limit: int) -> list[Change]:
    """At most `limit` changes that came before the version `before`."""
    return [each for each in reversed(changes) if before is None or each.version < before][:limit]
