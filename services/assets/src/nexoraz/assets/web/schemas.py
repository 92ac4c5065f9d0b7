"""The bodies of assets' API."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from nexoraz.assets.domain.albums import MOST_PHOTOS
from nexoraz.assets.domain.history import CHANGES
from nexoraz.assets.domain.tags import LONGEST_TAG, MOST_TAGS
from nexoraz.assets.domain.title import LONGEST
from nexoraz.service.app import Schema

TITLE = {"description": "the person's own words, without control characters", "example": "Blue cup"}
TAGS = {"description": "the person's own words, each once", "example": ["kitchen", "blue"]}


class UploadArgs(Schema):
    title = fields.String(load_default=None, validate=validate.Length(1, LONGEST), metadata=TITLE)


class PhotoChange(Schema):
    title = fields.String(allow_none=True, validate=validate.Length(1, LONGEST), metadata=TITLE)
    tags = fields.List(
        fields.String(validate=validate.Length(1, LONGEST_TAG)), validate=validate.Length(max=MOST_TAGS), metadata=TAGS
    )

    @validates_schema
    def changes_something(self, data: dict[str, Any], **_: object) -> None:
        if not data:
            raise ValidationError("say what to change")


class ThumbnailView(Schema):
    width = fields.Integer(required=True, metadata={"description": "in pixels", "example": 320})
    height = fields.Integer(required=True, metadata={"description": "in pixels", "example": 240})
    href = fields.String(
        required=True,
        metadata={
            "description": "where to download it, as WebP",
            "example": "/v1/assets/photos/6b1f4c1e-7a53-4f0e-9d7e-0a4c5d1e2f30/thumbnails/small",
        },
    )


class Selection(Schema):
    photo_ids = fields.List(
        fields.UUID(), required=True, validate=validate.Length(1, 100), metadata={"description": "each counts once"}
    )


class PhotoView(Schema):
    id = fields.UUID(required=True)
    title = fields.String(required=True, allow_none=True, metadata=TITLE)
    tags = fields.List(fields.String(), required=True, metadata=TAGS)
    media_type = fields.String(required=True, metadata={"example": "image/jpeg"})
    width = fields.Integer(required=True, metadata={"description": "in pixels, upright", "example": 4032})
    height = fields.Integer(required=True, metadata={"description": "in pixels, upright", "example": 3024})
    size = fields.Integer(required=True, metadata={"description": "in bytes", "example": 3_211_264})
    uploaded_at = fields.AwareDateTime(required=True)
    href = fields.String(
        required=True,
        metadata={
            "description": "where to download it",
            "example": "/v1/assets/photos/6b1f4c1e-7a53-4f0e-9d7e-0a4c5d1e2f30/content",
        },
    )
    thumbnail = fields.Nested(
        ThumbnailView, required=True, allow_none=True, metadata={"description": "null until it is made"}
    )


class SearchArgs(Schema):
    q = fields.String(
        required=True,
        validate=validate.Length(1, 200),
        metadata={"description": "at most six words, or their beginnings", "example": "blue cup 2026-01"},
    )


class FoundPhotos(Schema):
    items = fields.List(fields.Nested(PhotoView), required=True, metadata={"description": "the best match first"})


class TrainingChoice(Schema):
    allowed = fields.Boolean(required=True, truthy={True}, falsy={False}, metadata={"example": True})


class ManifestView(Schema):
    id = fields.String(required=True, metadata={"example": "6b1f4c1e-7a53-4f0e-9d7e-0a4c5d1e2f30"})
    made_at = fields.AwareDateTime(required=True)
    photos = fields.Integer(required=True, metadata={"description": "of this person in it", "example": 3})
    models = fields.List(fields.String(), required=True, metadata={"description": "trained by it"})


class TrainingView(Schema):
    allowed = fields.Boolean(required=True, metadata={"description": "no, until chosen", "example": False})
    decided_at = fields.AwareDateTime(required=True, allow_none=True)
    wording = fields.String(required=True, metadata={"description": "which text a yes is said to", "example": "1"})
    text = fields.String(
        required=True, metadata={"example": "Your photos train nothing unless you say so, photo by photo."}
    )
    manifests = fields.List(fields.Nested(ManifestView), required=True)


ALBUM_NAME = {"description": "the person's own words", "example": "Kitchen"}


class NewAlbum(Schema):
    name = fields.String(required=True, validate=validate.Length(1, LONGEST), metadata=ALBUM_NAME)
    photo_ids = fields.List(
        fields.UUID(), required=True, validate=validate.Length(max=MOST_PHOTOS), metadata={"description": "in order"}
    )


class AlbumView(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True, metadata=ALBUM_NAME)
    photos = fields.List(fields.Nested(PhotoView), required=True)


class AlbumLine(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True, metadata=ALBUM_NAME)
    photos = fields.Integer(required=True, metadata={"description": "how many", "example": 12})


class AlbumList(Schema):
    items = fields.List(fields.Nested(AlbumLine), required=True)


class UsedView(Schema):
    used = fields.Integer(required=True, metadata={"example": 12})
    allowed = fields.Integer(required=True, metadata={"example": 1_000})


class UsageView(Schema):
    plan = fields.String(required=True, metadata={"example": "free"})
    photos = fields.Nested(UsedView, required=True)
    bytes = fields.Nested(UsedView, required=True)


class DiscardedView(Schema):
    id = fields.UUID(required=True)
    title = fields.String(required=True, allow_none=True, metadata=TITLE)
    tags = fields.List(fields.String(), required=True, metadata=TAGS)
    media_type = fields.String(required=True, metadata={"example": "image/jpeg"})
    size = fields.Integer(required=True, metadata={"description": "in bytes", "example": 3_211_264})
    uploaded_at = fields.AwareDateTime(required=True)
    deleted_at = fields.AwareDateTime(required=True)
    erased_at = fields.AwareDateTime(required=True, metadata={"description": "when it is gone for good"})
    version = fields.Integer(required=True, metadata={"description": 'for If-Match, as "v2"', "example": 2})


class ChangeView(Schema):
    version = fields.Integer(required=True, metadata={"description": "of the photo, by this change", "example": 2})
    at = fields.AwareDateTime(required=True)
    what = fields.String(required=True, validate=validate.OneOf(CHANGES), metadata={"example": "renamed"})
    title = fields.String(allow_none=True, metadata={**TITLE, "description": "where it was given one"})
    tags = fields.List(fields.String(), metadata=TAGS)
