"""Where assets holds what about an account: the declarations behind erasure, export and the data map."""

from collections.abc import Sequence

from sqlalchemy import Connection

from nexoraz.assets.adapters.sealed_photos import PHOTOS as PHOTO_FILES
from nexoraz.assets.adapters.sealed_photos import THUMBNAILS as THUMBNAIL_FILES
from nexoraz.assets.domain.file_name import file_name
from nexoraz.assets.projections.photos import Gallery, presented_row
from nexoraz.assets.projections.tables import (
    ALBUMS,
    ALLOWANCES,
    AUTH,
    CHOICES,
    IDEMPOTENCY,
    MANIFEST_PHOTOS,
    PHOTOS,
    PLANS,
    SEARCH_TOKENS,
    THUMBNAILS,
)
from nexoraz.events.access import access_holdings
from nexoraz.events.declarations import FileName, Holding, ObjectHolding, TableHolding
from nexoraz.events.objects import Objects

COPIES = "small copies of photos that are exported themselves"


def held(objects: Objects, gallery: Gallery) -> Sequence[Holding]:
    def names(connection: Connection, account_id: str) -> dict[str, FileName]:
        photos = gallery.all(connection, account_id)
        return {p.id: FileName(file_name(p.id, p.title, p.media_type), p.media_type) for p in photos}

    return [
        TableHolding(PHOTOS, category="user.content.private", purpose="content", present=presented_row),
        TableHolding(
            SEARCH_TOKENS,
            category="user.content.private",
            purpose="content",
            present=None,
            reason="keyed hashes of words that are in titles and tags, which are exported",
        ),
        ObjectHolding(objects, PHOTO_FILES, describe=names),
        TableHolding(CHOICES, category="user.consent", purpose="training"),
        TableHolding(MANIFEST_PHOTOS, category="user.consent", purpose="training"),
        TableHolding(THUMBNAILS, category="user.content.private", purpose="content", present=None, reason=COPIES),
        ObjectHolding(objects, THUMBNAIL_FILES, exported=False, reason=COPIES),
        TableHolding(ALBUMS, category="user.content.private", purpose="content"),
        TableHolding(PLANS, category="user.account"),
        *access_holdings(IDEMPOTENCY, AUTH.revocations, ALLOWANCES, AUTH.verification_keys),
    ]
