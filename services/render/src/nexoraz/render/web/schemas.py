"""The bodies of render's API."""

from marshmallow import fields, validate

from nexoraz.service.app import Schema


class PresetView(Schema):
    id = fields.String(required=True, metadata={"example": "marketplace-white"})
    title = fields.String(required=True, metadata={"example": "Marketplace white"})
    description = fields.String(required=True, metadata={"example": "The product on pure white, filling 85 %."})
    credits = fields.Integer(required=True, metadata={"example": 1})
    format = fields.String(required=True, metadata={"example": "jpeg"})


class PresetList(Schema):
    items = fields.List(fields.Nested(PresetView), required=True)


class NewJob(Schema):
    photo_id = fields.UUID(required=True)
    preset = fields.String(required=True, validate=validate.Length(1, 60), metadata={"example": "marketplace-white"})


class OutputView(Schema):
    media_type = fields.String(required=True, metadata={"example": "image/jpeg"})
    width = fields.Integer(required=True, metadata={"example": 2000})
    height = fields.Integer(required=True, metadata={"example": 2000})
    size = fields.Integer(required=True, metadata={"description": "in bytes", "example": 345678})
    engine = fields.String(required=True, metadata={"example": "neural"})
    fallback = fields.Boolean(required=True, metadata={"description": "a lesser engine had to do"})
    href = fields.String(
        required=True,
        metadata={
            "description": "where to download it",
            "example": "/v1/render/jobs/6f0d0a0c-0000-4000-8000-00000000b001/output",
        },
    )


class JobView(Schema):
    id = fields.UUID(required=True)
    photo_id = fields.UUID(required=True)
    preset = fields.String(required=True, metadata={"example": "marketplace-white"})
    credits = fields.Integer(required=True, metadata={"example": 1})
    state = fields.String(required=True, validate=validate.OneOf(["requested", "running", "completed", "failed"]))
    stage = fields.String(required=True, metadata={"example": "cut-out"})
    percent = fields.Integer(required=True, metadata={"example": 10})
    reason = fields.String(required=True, metadata={"description": "why it failed", "example": ""})
    facts = fields.Dict(
        keys=fields.String(),
        values=fields.Float(),
        required=True,
        metadata={"description": "the figures of the reason, such as the megapixels found and allowed", "example": {}},
    )
    requested_at = fields.AwareDateTime(required=True)
    ended_at = fields.AwareDateTime(required=True, allow_none=True)
    output = fields.Nested(OutputView, required=True, allow_none=True)
