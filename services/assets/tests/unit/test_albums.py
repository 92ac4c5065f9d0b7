"""Decisions about an album."""

from nexoraz.assets.domain.albums import (
    ALBUM,
    MOST_PHOTOS,
    AlbumFull,
    AlbumUnknown,
    ArrangeAlbum,
    CreateAlbum,
    DeleteAlbum,
    RenameAlbum,
)
from nexoraz.assets.domain.events import AlbumArranged, AlbumCreated, AlbumDeleted, AlbumRenamed
from nexoraz.assets.domain.title import LONGEST, TitleNotAllowed
from nexoraz.events.testing import given
from services.assets.tests.examples import ANN, NOON, PHOTO_ID

ALBUM_ID = "6f0d0a0c-0000-4000-8000-00000000c001"
create, created = CreateAlbum(ANN, ALBUM_ID, " Kitchen ", NOON), AlbumCreated(ANN, ALBUM_ID, "Kitchen", NOON)
arranged = AlbumArranged(ANN, ALBUM_ID, (PHOTO_ID,))
deleted = AlbumDeleted(ANN, ALBUM_ID, NOON)


def test_an_album_is_created_once_under_a_name_that_does_not_mislead() -> None:
    given(ALBUM).when(create).then(created)
    given(ALBUM, created).when(create).then()
    given(ALBUM).when(CreateAlbum(ANN, ALBUM_ID, "a\nb", NOON)).refused(TitleNotAllowed("control-character", LONGEST))


def test_an_album_is_renamed_and_arranged_when_it_differs() -> None:
    given(ALBUM, created).when(RenameAlbum(ALBUM_ID, "Bath")).then(AlbumRenamed(ANN, ALBUM_ID, "Bath"))
    given(ALBUM, created).when(RenameAlbum(ALBUM_ID, "Kitchen ")).then()
    given(ALBUM, created).when(ArrangeAlbum(ALBUM_ID, [PHOTO_ID, PHOTO_ID])).then(arranged)
    given(ALBUM, created, arranged).when(ArrangeAlbum(ALBUM_ID, [PHOTO_ID])).then()
    given(ALBUM, created, arranged).when(ArrangeAlbum(ALBUM_ID, [])).then(AlbumArranged(ANN, ALBUM_ID, ()))


def test_an_album_holds_so_many_photos_and_no_more() -> None:
    ids = [str(number) for number in range(MOST_PHOTOS + 1)]
    given(ALBUM, created).when(ArrangeAlbum(ALBUM_ID, ids[1:])).then(AlbumArranged(ANN, ALBUM_ID, tuple(ids[1:])))
    given(ALBUM, created).when(ArrangeAlbum(ALBUM_ID, ids)).refused(AlbumFull(MOST_PHOTOS))


def test_what_is_deleted_or_never_was_is_unknown() -> None:
    given(ALBUM, created).when(DeleteAlbum(ALBUM_ID, NOON)).then(deleted)
    for command in (RenameAlbum(ALBUM_ID, "Bath"), ArrangeAlbum(ALBUM_ID, []), DeleteAlbum(ALBUM_ID, NOON)):
        given(ALBUM, created, deleted).when(command).refused(AlbumUnknown(ALBUM_ID))
        given(ALBUM).when(command).refused(AlbumUnknown(ALBUM_ID))
