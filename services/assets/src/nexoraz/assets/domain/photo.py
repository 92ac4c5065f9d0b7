"""One photo: uploaded, perhaps titled and tagged anew, perhaps put into the bin, and taken out or deleted for good."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, assert_never

from nexoraz.assets.domain.events import (
    PhotoDeleted,
    PhotoDiscarded,
    PhotoFileErased,
    PhotoRestored,
    PhotoTagged,
    PhotoTitled,
    PhotoUploaded,
)
from nexoraz.assets.domain.picture import Picture
from nexoraz.assets.domain.tags import tags as tagged
from nexoraz.assets.domain.title import title as titled
from nexoraz.events.decider import Decider, Refused
from nexoraz.events.event import Stream

IN_THE_BIN = timedelta(days=30)
"""How long a deleted photo can be taken back."""


@dataclass
class PhotoUnknown(Refused):
    """There is no such photo, or not any more, or it is on the other side of the bin."""

    photo_id: str


@dataclass(frozen=True, slots=True)
class UploadPhoto:
    """Its file is stored already."""

    account_id: str
    photo_id: str
    title: str | None
    picture: Picture
    at: datetime


@dataclass(frozen=True, slots=True)
class TitlePhoto:
    photo_id: str
    title: str | None


@dataclass(frozen=True, slots=True)
class TagPhoto:
    photo_id: str
    tags: Sequence[str]


@dataclass(frozen=True, slots=True)
class DiscardPhoto:
    """Into the bin."""

    photo_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RestorePhoto:
    """Out of the bin."""

    photo_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DeletePhoto:
    """For good, out of the bin. expired: only if it lay there for its time."""

    photo_id: str
    at: datetime
    expired: bool = False


@dataclass(frozen=True, slots=True)
class ReceiptErasure:
    """The bucket holds nothing of it any more."""

    photo_id: str
    versions: int
    at: datetime


Command = UploadPhoto | TitlePhoto | TagPhoto | DiscardPhoto | RestorePhoto | DeletePhoto | ReceiptErasure
PhotoEvent = PhotoUploaded | PhotoTitled | PhotoTagged | PhotoDiscarded | PhotoRestored | PhotoDeleted | PhotoFileErased


@dataclass(frozen=True, slots=True)
class Photo:
    account_id: str = ""
    title: str | None = None
    tags: tuple[str, ...] = ()
    state: Literal["none", "kept", "discarded", "deleted", "erased"] = "none"
    discarded_at: datetime = datetime.min


def decide(command: Command, state: Photo) -> Sequence[PhotoEvent]:  # noqa: PLR0911 - one return per command
    match command:
        case UploadPhoto():
            return _upload(command) if state.state == "none" else []
        case TitlePhoto(photo_id, text):
            _must_be("kept", photo_id, state)
            kept = None if text is None else titled(text)
            return [] if kept == state.title else [PhotoTitled(state.account_id, photo_id, kept)]
        case TagPhoto(photo_id, texts):
            _must_be("kept", photo_id, state)
            words = tagged(texts)
            return [] if words == state.tags else [PhotoTagged(state.account_id, photo_id, list(words) or None)]
        case DiscardPhoto(photo_id, at):
            if state.state == "discarded":
                return []
            _must_be("kept", photo_id, state)
            return [PhotoDiscarded(state.account_id, photo_id, at)]
        case RestorePhoto(photo_id, at):
            _must_be("discarded", photo_id, state)
            return [PhotoRestored(state.account_id, photo_id, at)]
        case DeletePhoto():
            return _delete(command, state)
        case ReceiptErasure(photo_id, versions, at):
            return [PhotoFileErased(state.account_id, photo_id, versions, at)] if state.state == "deleted" else []
        case _:
            assert_never(command)


def _upload(command: UploadPhoto) -> Sequence[PhotoEvent]:
    picture = command.picture
    uploaded = PhotoUploaded(
        account_id=command.account_id,
        photo_id=command.photo_id,
        title=None if command.title is None else titled(command.title),
        media_type=picture.media_type,
        width=picture.width,
        height=picture.height,
        size=picture.size,
        uploaded_at=command.at,
    )
    return [uploaded]


def _delete(command: DeletePhoto, state: Photo) -> Sequence[PhotoEvent]:
    if command.expired and (state.state != "discarded" or command.at < state.discarded_at + IN_THE_BIN):
        return []
    _must_be("discarded", command.photo_id, state)
    return [PhotoDeleted(state.account_id, command.photo_id, command.at)]


def _must_be(wanted: Literal["kept", "discarded"], photo_id: str, state: Photo) -> None:
    if state.state != wanted:
        raise PhotoUnknown(photo_id)


def evolve(state: Photo, event: PhotoEvent) -> Photo:  # noqa: PLR0911 - one return per event
    match event:
        case PhotoUploaded():
            return Photo(event.account_id, event.title, state="kept")
        case PhotoTitled():
            return replace(state, title=event.title)
        case PhotoTagged():
            return replace(state, tags=tuple(event.tags or ()))
        case PhotoDiscarded():
            return replace(state, state="discarded", discarded_at=event.discarded_at)
        case PhotoRestored():
            return replace(state, state="kept")
        case PhotoDeleted():
            return replace(state, title=None, tags=(), state="deleted")
        case PhotoFileErased():
            return replace(state, state="erased")
        case _:
            assert_never(event)


PHOTO: Decider[Command, Photo, PhotoEvent] = Decider(Photo(), decide, evolve)


def photo_stream(photo_id: str, account_id: str) -> Stream:
    return Stream.of("photo", photo_id, account_id)
