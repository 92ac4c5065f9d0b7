"""The bodies of assets' API."""

from marshmallow import fields, validate

from nexoraz.assets.domain.title import LONGEST
from nexoraz.service.app import Schema

TITLE = {"description": "the person's own words, without control characters", "example": "Blue cup"}


class UploadArgs(Schema):
    title = fields.String(load_default=None, validate=validate.Length(1, LONGEST), metadata=TITLE)


class NewTitle(Schema):
    title = fields.String(required=True, allow_none=True, validate=validate.Length(1, LONGEST), metadata=TITLE)


class PhotoView(Schema):
    id = fields.UUID(required=True)
    title = fields.String(required=True, allow_none=True, metadata=TITLE)
    media_type = fields.String(required=True, metadata={"example": "image/jpeg"})
    width = fields.Integer(required=True, metadata={"description": "in pixels, upright", "example": 4032})
    height = fields.Integer(required=True, metadata={"description": "in pixels, upright", "example": 3024})
    size = fields.Integer(required=True, metadata={"description": "in bytes", "example": 3_211_264})
    uploaded_at = fields.AwareDateTime(required=True)
    href = fields.String(required=True, metadata={"description": "where to download it"})
