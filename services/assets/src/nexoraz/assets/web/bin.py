"""The bin: what the caller deleted in the last 30 days, and can have back."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response

from nexoraz.assets.web.album import Album
from nexoraz.assets.web.presenting import discarded_facts, presented
from nexoraz.assets.web.schemas import DiscardedView, PhotoView
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated
from nexoraz.service.etags import needs_if_match, with_etag
from nexoraz.service.paging import PageArgs, page, page_schema, read_cursor


def bin_blueprint(album: Album) -> Blueprint:
    bin_ = Blueprint("bin", __name__, url_prefix="/bin", description="Deleted photos that can be taken back")

    @bin_.route("", methods=["GET"])
    @authenticated
    @bin_.arguments(PageArgs, location="query")
    @bin_.response(200, page_schema(DiscardedView))
    def listed(args: dict[str, Any], *, caller: Caller) -> dict[str, Any]:
        """The deleted photos, the last one first, each with the moment at which it is gone for good."""
        cursor = read_cursor(args["cursor"], datetime, str)
        with album.engine.connect() as connection:
            rows = album.gallery.bin_of(connection, caller.account_id, cursor, args["limit"] + 1)
        paged = page(list(rows), args["limit"], key=lambda row: (row.discarded_at or row.uploaded_at, row.id))
        return {**paged, "items": [discarded_facts(photo) for photo in paged["items"]]}

    @bin_.route("/<uuid:photo_id>/restoration", methods=["POST"])
    @authenticated
    @needs_if_match
    @bin_.response(200, PhotoView)
    def restore(photo_id: UUID, *, caller: Caller) -> Response:
        """Take a photo back into the gallery."""
        with album.changing(album.gallery.find_in_bin, caller.account_id, str(photo_id)) as (tx, seen):
            album.changes.restore(tx, caller.account_id, str(photo_id), seen)
            photo = album.one_in(tx, caller.account_id, str(photo_id))
        return with_etag(presented(photo), photo.version)

    @bin_.route("/<uuid:photo_id>", methods=["DELETE"])
    @authenticated
    @needs_if_match
    @bin_.response(204)
    def delete(photo_id: UUID, *, caller: Caller) -> None:
        """Erase a photo and its file now and for good."""
        with album.changing(album.gallery.find_in_bin, caller.account_id, str(photo_id)) as (tx, seen):
            album.changes.delete(tx, caller.account_id, str(photo_id), seen)

    return bin_
