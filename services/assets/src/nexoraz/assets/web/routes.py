"""The photos of the caller."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from flask import Response

from nexoraz.assets.domain.file_name import file_name
from nexoraz.assets.domain.history import change, newest_first
from nexoraz.assets.domain.photo import photo_stream
from nexoraz.assets.domain.picture import WEBP
from nexoraz.assets.domain.title import title as titled
from nexoraz.assets.web.album import Album
from nexoraz.assets.web.presenting import change_facts, facts, presented
from nexoraz.assets.web.receiving import body_of_request, heard_out
from nexoraz.assets.web.schemas import ChangeView, PhotoChange, PhotoView, UploadArgs
from nexoraz.events.sql_store import connection_of
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated
from nexoraz.service.downloads import StoredFile, download
from nexoraz.service.etags import needs_if_match, not_modified, with_etag
from nexoraz.service.idempotency import Once, idempotent_stream
from nexoraz.service.paging import PageArgs, page, page_schema, read_cursor
from nexoraz.service.problems import not_found

RAW_IMAGE = {
    "required": True,
    "content": {
        "image/*": {"schema": {"type": "string", "format": "binary"}},
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    },
}


def photos_blueprint(album: Album) -> Blueprint:
    photos = Blueprint("photos", __name__, url_prefix="/photos", description="A person's photos")
    _uploading(photos, album)
    _reading(photos, album)
    _small(photos, album)
    _telling(photos, album)
    _changing(photos, album)
    return photos


def _uploading(photos: Blueprint, album: Album) -> None:
    @photos.route("", methods=["POST"])
    @authenticated
    @idempotent_stream
    @photos.arguments(UploadArgs, location="query")
    @photos.doc(requestBody=RAW_IMAGE)
    @photos.response(201, PhotoView)
    def upload(args: dict[str, Any], *, caller: Caller, once: Once) -> Response:
        """Store a photo: the body is the file itself. JPEG, PNG, WebP or AVIF, told by its content."""
        text = None if args["title"] is None else titled(args["title"])
        return _upload(album, caller.account_id, text, once)


def _upload(album: Album, account_id: str, text: str | None, once: Once) -> Response:
    uploads, photo_id = album.uploads, str(uuid4())
    body = body_of_request(uploads.limits.bytes)
    with (
        heard_out(body),
        uploads.arriving(account_id, photo_id, body) as arrived,
        album.store.transaction() as tx,
    ):
        once.begin(connection_of(tx), arrived.stored.digest)
        uploads.keep(tx, arrived, text)
        headers = {"Location": f"/v1/assets/photos/{photo_id}"}
        view = presented(album.one_in(tx, account_id, photo_id))
        return once.finish(connection_of(tx), view, status=201, headers=headers)


def _reading(photos: Blueprint, album: Album) -> None:
    @photos.route("", methods=["GET"])
    @authenticated
    @photos.arguments(PageArgs, location="query")
    @photos.response(200, page_schema(PhotoView))
    def listed(args: dict[str, Any], *, caller: Caller) -> dict[str, Any]:
        """The photos, newest first."""
        cursor = read_cursor(args["cursor"], datetime, str)
        with album.engine.connect() as connection:
            rows = album.gallery.of(connection, caller.account_id, cursor, args["limit"] + 1)
        paged = page(list(rows), args["limit"], key=lambda row: (row.uploaded_at, row.id))
        return {**paged, "items": [facts(photo) for photo in paged["items"]]}

    @photos.route("/<uuid:photo_id>", methods=["GET"])
    @authenticated
    @photos.response(200, PhotoView)
    def one(photo_id: UUID, *, caller: Caller) -> Response:
        """One photo."""
        photo = album.one(album.gallery.find, caller.account_id, str(photo_id))
        return not_modified(photo.version) or with_etag(presented(photo), photo.version)

    @photos.route("/<uuid:photo_id>/content", methods=["GET"])
    @authenticated
    @photos.response(200, description="The picture as it was uploaded, without metadata; ranges are answered.")
    def content(photo_id: UUID, *, caller: Caller) -> Response:
        """The photo's file."""
        photo = album.one(album.gallery.find, caller.account_id, str(photo_id))
        name = file_name(photo.id, photo.title, photo.media_type)
        stored = StoredFile(photo.size, photo.media_type, photo.id, name)
        try:
            answer = download(stored, lambda start, end: album.files.read(caller.account_id, photo.id, start, end))
        except LookupError as gone:
            raise not_found() from gone
        answer.headers["Cache-Control"] = "private, no-store"
        return answer


def _small(photos: Blueprint, album: Album) -> None:
    @photos.route("/<uuid:photo_id>/thumbnail", methods=["GET"])
    @authenticated
    @photos.response(200, description="A small copy as WebP, at most 320 pixels wide and high.")
    def thumbnail(photo_id: UUID, *, caller: Caller) -> Response:
        """The photo's thumbnail, which the person's own browser may keep for an hour."""
        photo = album.one(album.gallery.find, caller.account_id, str(photo_id))
        if photo.thumbnail is None:
            raise not_found()
        name = file_name(photo.id, photo.title, WEBP)
        stored = StoredFile(photo.thumbnail.size, WEBP, f"{photo.id}-thumbnail", name)
        try:
            answer = download(stored, lambda start, end: album.small.read(caller.account_id, photo.id, start, end))
        except LookupError as gone:
            raise not_found() from gone
        answer.headers["Cache-Control"] = "private, max-age=3600"
        return answer


def _telling(photos: Blueprint, album: Album) -> None:
    @photos.route("/<uuid:photo_id>/history", methods=["GET"])
    @authenticated
    @photos.arguments(PageArgs, location="query")
    @photos.response(200, page_schema(ChangeView))
    def history(args: dict[str, Any], photo_id: UUID, *, caller: Caller) -> dict[str, Any]:
        """What happened to the photo, the last change first; for one in the bin too."""
        cursor = read_cursor(args["cursor"], int)
        stream = photo_stream(str(photo_id), caller.account_id)
        with album.store.transaction() as tx:
            recorded = [each for each in tx.read(stream) if each.stream.account_id == caller.account_id]
        if not recorded:
            raise not_found()
        changes = [change(each.version, each.occurred_at, each.event) for each in recorded]
        wanted = newest_first(changes, cursor[0] if cursor else None, args["limit"] + 1)
        paged = page(wanted, args["limit"], key=lambda each: (each.version,))
        return {**paged, "items": [change_facts(each) for each in paged["items"]]}


def _changing(photos: Blueprint, album: Album) -> None:
    @photos.route("/<uuid:photo_id>", methods=["PATCH"])
    @authenticated
    @needs_if_match
    @photos.arguments(PhotoChange)
    @photos.response(200, PhotoView)
    def alter(body: dict[str, Any], photo_id: UUID, *, caller: Caller) -> Response:
        """Give the photo another title or none, and other tags; what is left out stays as it is."""
        with album.changing(album.gallery.find, caller.account_id, str(photo_id)) as (tx, seen):
            at = seen
            if "title" in body:
                at = album.changes.title(tx, caller.account_id, str(photo_id), seen, body["title"])
            if "tags" in body:
                album.changes.tag(tx, caller.account_id, str(photo_id), at, body["tags"])
            photo = album.one_in(tx, caller.account_id, str(photo_id))
        return with_etag(presented(photo), photo.version)

    @photos.route("/<uuid:photo_id>", methods=["DELETE"])
    @authenticated
    @needs_if_match
    @photos.response(204)
    def delete(photo_id: UUID, *, caller: Caller) -> None:
        """Put the photo into the bin. After 30 days there it is gone for good, unless it is taken back."""
        with album.changing(album.gallery.find, caller.account_id, str(photo_id)) as (tx, seen):
            album.changes.discard(tx, caller.account_id, str(photo_id), seen)
