"""The albums of the caller."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from flask import Response
from sqlalchemy import Connection

from nexoraz.assets.application.arrange_album import AlbumChanges
from nexoraz.assets.domain.albums import AlbumUnknown
from nexoraz.assets.projections.albums import AlbumRecord, Albums
from nexoraz.assets.web.album import Album
from nexoraz.assets.web.presenting import facts
from nexoraz.assets.web.schemas import AlbumList, AlbumView, NewAlbum
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction, VersionConflict
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated
from nexoraz.service.etags import needs_if_match, require_if_match, with_etag
from nexoraz.service.idempotency import Once, idempotent
from nexoraz.service.problems import Problem, not_found

_VIEW = AlbumView()


def albums_blueprint(album: Album, albums: Albums, changes: AlbumChanges) -> Blueprint:  # noqa: PLR0915 - five routes
    blueprint = Blueprint("albums", __name__, url_prefix="/albums", description="A person's albums")

    def presented(connection: Connection, record: AlbumRecord | None) -> tuple[dict[str, Any], int]:
        if record is None:
            raise not_found()
        found = album.gallery.these(connection, record.account_id, record.photo_ids)
        photos = {photo.id: facts(photo) for photo in found}
        shown = [photos[photo_id] for photo_id in record.photo_ids if photo_id in photos]
        view: dict[str, Any] = _VIEW.dump({"id": record.id, "name": record.name, "photos": shown})
        return view, record.version

    def mine(connection: Connection, caller: Caller, photo_ids: Sequence[UUID]) -> list[str]:
        wanted = list(dict.fromkeys(map(str, photo_ids)))
        if len(album.gallery.these(connection, caller.account_id, wanted)) < len(wanted):
            raise not_found()
        return wanted

    @contextmanager
    def changing(caller: Caller, album_id: UUID) -> Iterator[tuple[Transaction, int]]:
        with album.engine.connect() as connection:
            record = albums.find(connection, caller.account_id, str(album_id))
        if record is None:
            raise not_found()
        require_if_match(record.version)
        try:
            with album.store.transaction() as tx:
                yield tx, record.version
        except VersionConflict as conflict:
            raise Problem("version-changed", 412, "It was changed in the meantime") from conflict
        except AlbumUnknown as gone:
            raise not_found() from gone

    @blueprint.route("", methods=["GET"])
    @authenticated
    @blueprint.response(200, AlbumList)
    def listed(*, caller: Caller) -> dict[str, Any]:
        """All albums, at most a hundred, the oldest first."""
        with album.engine.connect() as connection:
            records = albums.of(connection, caller.account_id)
        return {"items": [{"id": each.id, "name": each.name, "photos": len(each.photo_ids)} for each in records]}

    @blueprint.route("", methods=["POST"])
    @authenticated
    @idempotent
    @blueprint.arguments(NewAlbum)
    @blueprint.response(201, AlbumView)
    def create(body: dict[str, Any], *, caller: Caller, once: Once) -> Response:
        """Make an album of photos in an order. One that is unknown or another person's refuses them all."""
        with album.store.transaction() as tx:
            connection = connection_of(tx)
            once.begin(connection)
            had, photo_ids = albums.count(connection, caller.account_id), mine(connection, caller, body["photo_ids"])
            album_id = changes.create(tx, caller.account_id, had, body["name"], photo_ids)
            view, _ = presented(connection, albums.find(connection, caller.account_id, album_id))
            return once.finish(connection, view, status=201, headers={"Location": f"/v1/assets/albums/{album_id}"})

    @blueprint.route("/<uuid:album_id>", methods=["GET"])
    @authenticated
    @blueprint.response(200, AlbumView)
    def one(album_id: UUID, *, caller: Caller) -> Response:
        """One album with its photos; those in the bin are left out until they come back."""
        with album.engine.connect() as connection:
            view, version = presented(connection, albums.find(connection, caller.account_id, str(album_id)))
        return with_etag(view, version)

    @blueprint.route("/<uuid:album_id>", methods=["PUT"])
    @authenticated
    @needs_if_match
    @blueprint.arguments(NewAlbum)
    @blueprint.response(200, AlbumView)
    def replace(body: dict[str, Any], album_id: UUID, *, caller: Caller) -> Response:
        """Give the album this name and these photos, in this order."""
        with changing(caller, album_id) as (tx, seen):
            photo_ids = mine(connection_of(tx), caller, body["photo_ids"])
            changes.change(tx, caller.account_id, str(album_id), seen, body["name"], photo_ids)
            record = albums.find(connection_of(tx), caller.account_id, str(album_id))
            view, version = presented(connection_of(tx), record)
        return with_etag(view, version)

    @blueprint.route("/<uuid:album_id>", methods=["DELETE"])
    @authenticated
    @needs_if_match
    @blueprint.response(204)
    def delete(album_id: UUID, *, caller: Caller) -> None:
        """Delete the album; its photos stay."""
        with changing(caller, album_id) as (tx, seen):
            changes.delete(tx, caller.account_id, str(album_id), seen)

    return blueprint
