"""What happened to photos. A title is personal: a person's own words."""

from datetime import datetime
from typing import Annotated

from nexoraz.events.classification import Fact, Id, Personal
from nexoraz.events.event import Event

PRIVATE = Personal("user.content.private", purpose="content")


class PhotoUploaded(Event, frozen=True):
    """A photo is stored, whole and sealed. width, height: in pixels, upright. size: in bytes."""

    account_id: Id
    photo_id: Id
    title: Annotated[str | None, PRIVATE]
    media_type: Fact[str]
    width: Fact[int]
    height: Fact[int]
    size: Fact[int]
    uploaded_at: Fact[datetime]


class PhotoTitled(Event, frozen=True):
    """The person gave the photo another title, or none."""

    account_id: Id
    photo_id: Id
    title: Annotated[str | None, PRIVATE]


class PhotoDeleted(Event, frozen=True):
    """The person deleted the photo; its file goes with every version."""

    account_id: Id
    photo_id: Id
    deleted_at: Fact[datetime]


EVENTS = (PhotoUploaded, PhotoTitled, PhotoDeleted)
