"""One photo: uploaded, perhaps titled anew, perhaps deleted. Deleted is final."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, assert_never

from nexoraz.assets.domain.events import PhotoDeleted, PhotoTitled, PhotoUploaded
from nexoraz.assets.domain.picture import Picture
from nexoraz.assets.domain.title import title as titled
from nexoraz.events.decider import Decider, Refused
from nexoraz.events.event import Stream


@dataclass
class PhotoUnknown(Refused):
    """There is no such photo, or not any more."""

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
class DeletePhoto:
    photo_id: str
    at: datetime


Command = UploadPhoto | TitlePhoto | DeletePhoto
PhotoEvent = PhotoUploaded | PhotoTitled | PhotoDeleted


@dataclass(frozen=True, slots=True)
class Photo:
    account_id: str = ""
    title: str | None = None
    state: Literal["none", "kept", "deleted"] = "none"


def decide(command: Command, state: Photo) -> Sequence[PhotoEvent]:
    match command:
        case UploadPhoto():
            return _upload(command) if state.state == "none" else []
        case TitlePhoto(photo_id, text):
            _kept(photo_id, state)
            kept = None if text is None else titled(text)
            return [] if kept == state.title else [PhotoTitled(state.account_id, photo_id, kept)]
        case DeletePhoto(photo_id, at):
            if state.state == "deleted":
                return []
            _kept(photo_id, state)
            return [PhotoDeleted(state.account_id, photo_id, at)]
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


def _kept(photo_id: str, state: Photo) -> None:
    if state.state != "kept":
        raise PhotoUnknown(photo_id)


def evolve(state: Photo, event: PhotoEvent) -> Photo:
    match event:
        case PhotoUploaded():
            return Photo(event.account_id, event.title, "kept")
        case PhotoTitled():
            return replace(state, title=event.title)
        case PhotoDeleted():
            return replace(state, title=None, state="deleted")
        case _:
            assert_never(event)


PHOTO: Decider[Command, Photo, PhotoEvent] = Decider(Photo(), decide, evolve)


def photo_stream(photo_id: str, account_id: str) -> Stream:
    return Stream.of("photo", photo_id, account_id)
