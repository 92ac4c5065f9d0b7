"""An album: a name and some photos, in an order that the person chose. A photo may be in several, or in none."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, assert_never

from nexoraz.assets.domain.events import AlbumArranged, AlbumCreated, AlbumDeleted, AlbumRenamed
from nexoraz.assets.domain.title import title as titled
from nexoraz.events.decider import Decider, Refused
from nexoraz.events.event import Stream

MOST_PHOTOS, MOST_ALBUMS = 500, 100
"""In one album; of one account."""


@dataclass
class AlbumUnknown(Refused):
    """There is no such album, or not any more."""

    album_id: str


@dataclass
class AlbumFull(Refused):
    """More photos than one album holds."""

    limit: int


@dataclass
class TooManyAlbums(Refused):
    """More albums than one account has."""

    limit: int


@dataclass(frozen=True, slots=True)
class CreateAlbum:
    account_id: str
    album_id: str
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RenameAlbum:
    album_id: str
    name: str


@dataclass(frozen=True, slots=True)
class ArrangeAlbum:
    """These photos and no others, in this order."""

    album_id: str
    photo_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class DeleteAlbum:
    """The album only; its photos stay."""

    album_id: str
    at: datetime


Command = CreateAlbum | RenameAlbum | ArrangeAlbum | DeleteAlbum
AlbumEvent = AlbumCreated | AlbumRenamed | AlbumArranged | AlbumDeleted


@dataclass(frozen=True, slots=True)
class AlbumState:
    account_id: str = ""
    name: str = ""
    photo_ids: tuple[str, ...] = ()
    state: Literal["none", "kept", "deleted"] = "none"


def decide(command: Command, state: AlbumState) -> Sequence[AlbumEvent]:
    match command:
        case CreateAlbum(account_id, album_id, name, at):
            return [AlbumCreated(account_id, album_id, titled(name), at)] if state.state == "none" else []
        case RenameAlbum(album_id, name):
            _must_be_kept(album_id, state)
            kept = titled(name)
            return [] if kept == state.name else [AlbumRenamed(state.account_id, album_id, kept)]
        case ArrangeAlbum(album_id, photo_ids):
            _must_be_kept(album_id, state)
            return _arrange(album_id, tuple(dict.fromkeys(photo_ids)), state)
        case DeleteAlbum(album_id, at):
            _must_be_kept(album_id, state)
            return [AlbumDeleted(state.account_id, album_id, at)]
        case _:
            assert_never(command)


def _arrange(album_id: str, photo_ids: tuple[str, ...], state: AlbumState) -> Sequence[AlbumEvent]:
    if len(photo_ids) > MOST_PHOTOS:
        raise AlbumFull(MOST_PHOTOS)
    return [] if photo_ids == state.photo_ids else [AlbumArranged(state.account_id, album_id, photo_ids)]


def _must_be_kept(album_id: str, state: AlbumState) -> None:
    if state.state != "kept":
        raise AlbumUnknown(album_id)


def evolve(state: AlbumState, event: AlbumEvent) -> AlbumState:
    match event:
        case AlbumCreated():
            return AlbumState(event.account_id, event.name, state="kept")
        case AlbumRenamed():
            return replace(state, name=event.name)
        case AlbumArranged():
            return replace(state, photo_ids=event.photo_ids)
        case AlbumDeleted():
            return AlbumState(state="deleted")
        case _:
            assert_never(event)


ALBUM: Decider[Command, AlbumState, AlbumEvent] = Decider(AlbumState(), decide, evolve)


def album_stream(album_id: str, account_id: str) -> Stream:
    return Stream.of("album", album_id, account_id)
