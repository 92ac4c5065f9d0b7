"""Several photos in one download: a zip that is never whole anywhere, neither in memory nor on a disk."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any
from zipfile import ZIP_STORED

from flask import Response
from zipstream import ZipStream  # type: ignore[import-untyped]  # zipstream-ng has no types

from nexoraz.assets.domain.file_name import file_name
from nexoraz.assets.projections.photos import PhotoRecord
from nexoraz.assets.web.album import Album
from nexoraz.assets.web.schemas import Selection
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated
from nexoraz.service.problems import not_found


def selection_blueprint(album: Album) -> Blueprint:
    selection = Blueprint("selection", __name__, url_prefix="/selection", description="Several photos at once")

    @selection.route("", methods=["POST"])
    @authenticated
    @selection.arguments(Selection)
    @selection.response(200, description="A zip of the files as they were uploaded; its length is told.")
    def download(body: dict[str, Any], *, caller: Caller) -> Response:
        """Download the chosen photos as one zip. One that is unknown or another person's refuses them all."""
        wanted = list(dict.fromkeys(str(photo_id) for photo_id in body["photo_ids"]))
        with album.engine.connect() as connection:
            photos = {photo.id: photo for photo in album.gallery.these(connection, caller.account_id, wanted)}
        if len(photos) < len(wanted):
            raise not_found()
        archive = _archive(album, [photos[photo_id] for photo_id in wanted])
        answer = Response(iter(archive), 200, mimetype="application/zip", direct_passthrough=True)
        answer.content_length = len(archive)
        answer.headers["Content-Disposition"] = "attachment; filename=photos.zip"
        answer.headers["Cache-Control"] = "private, no-store"
        return answer

    return selection


def _archive(album: Album, photos: Sequence[PhotoRecord]) -> ZipStream:
    """Stored as they are, since pictures do not get smaller, so that the length is known before the first byte."""
    archive = ZipStream(compress_type=ZIP_STORED, sized=True)
    taken: set[str] = set()
    for number, photo in enumerate(photos):
        name = _free(file_name(photo.id, photo.title, photo.media_type), taken)
        # The first file is opened now: a bucket that is away can still be told with a status.
        chunks = _opened(album, photo) if number == 0 else _later(album, photo)
        archive.add(chunks, name, size=photo.size)
    return archive


def _opened(album: Album, photo: PhotoRecord) -> Iterator[bytes]:
    try:
        return album.files.read(photo.account_id, photo.id, 0, None)
    except LookupError as gone:
        raise not_found() from gone


def _later(album: Album, photo: PhotoRecord) -> Iterator[bytes]:
    """What fails from here on ends the download short of its length, which every client notices."""
    yield from album.files.read(photo.account_id, photo.id, 0, None)


def _free(name: str, taken: set[str]) -> str:
    """A name that no other photo of the zip has, whatever the case."""
    stem, suffix, free, number = PurePosixPath(name).stem, PurePosixPath(name).suffix, name, 1
    while free.casefold() in taken:
        number += 1
        free = f"{stem}-{number}{suffix}"
    taken.add(free.casefold())
    return free
