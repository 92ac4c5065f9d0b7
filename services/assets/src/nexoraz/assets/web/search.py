"""Finding the caller's photos."""

from typing import Any

from nexoraz.assets.domain.search import wanted
from nexoraz.assets.projections.search import SearchIndex
from nexoraz.assets.web.album import Album
from nexoraz.assets.web.presenting import facts
from nexoraz.assets.web.schemas import FoundPhotos, SearchArgs
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated


def search_blueprint(album: Album, index: SearchIndex) -> Blueprint:
    search = Blueprint("search", __name__, url_prefix="/search", description="Finding photos")

    @search.route("", methods=["GET"])
    @authenticated
    @search.arguments(SearchArgs, location="query")
    @search.response(200, FoundPhotos)
    def find(args: dict[str, Any], *, caller: Caller) -> dict[str, Any]:
        """The best fifty photos that have every word of the question in their title, tags, date or presets."""
        terms = wanted(args["q"])
        with album.engine.connect() as connection:
            ids = index.find(connection, caller.account_id, terms)
            photos = {photo.id: photo for photo in album.gallery.these(connection, caller.account_id, ids)}
        return {"items": [facts(photos[photo_id]) for photo_id in ids if photo_id in photos]}

    return search
