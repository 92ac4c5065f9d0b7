"""The bodies of render's API."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from nexoraz.service.app import Schema
from nexoraz.service.paging import PageArgs


class PresetView(Schema):
    id = fields.String(required=True, metadata={"example": "marketplace-white"})
    title = fields.String(required=True, metadata={"example": "Marketplace white"})
    description = fields.String(required=True, metadata={"example": "The product on pure white, filling 85 %."})
    credits = fields.Integer(required=True, metadata={"example": 1})
    format = fields.String(required=True, metadata={"example": "jpeg"})
    scene = fields.Dict(
        required=True,
        metadata={
            "description": "what is around the product, as data; its shapes are those of the catalogue's JSON Schema",
            "example": {"kind": "plain", "side": 2000, "fill": 0.85, "colour": [255, 255, 255]},
        },
    )
    preview = fields.String(
        required=True,
        metadata={"description": "its picture", "example": "/v1/render/presets/marketplace-white/preview"},
    )


class PresetList(Schema):
    items = fields.List(fields.Nested(PresetView), required=True)


class WantedView(Schema):
    """How the file shall be; what is not said is as the preset has it."""

    format = fields.String(validate=validate.OneOf(["jpeg", "png", "webp", "avif"]), metadata={"example": "webp"})
    quality = fields.Integer(strict=True, validate=validate.Range(1, 100), metadata={"example": 88})
    longest = fields.Integer(
        strict=True,
        validate=validate.Range(64, 4096),
        metadata={"description": "pixels of the longer side; nothing is enlarged", "example": 1200},
    )
    profile = fields.String(
        validate=validate.OneOf(["srgb", "display-p3"]),
        metadata={"description": "whose colours, embedded; sRGB unless the wide gamut is asked for", "example": "srgb"},
    )


class NewJob(Schema):
    photo_id = fields.UUID(required=True)
    preset = fields.String(required=True, validate=validate.Length(1, 60), metadata={"example": "marketplace-white"})
    wanted = fields.Nested(WantedView, load_default=dict)


MOST_JOBS = 50
"""Jobs of one batch; all are recorded in one transaction."""
STATES = ("requested", "running", "completed", "failed", "cancelled")


class NewBatch(Schema):
    photo_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(1, MOST_JOBS))
    presets = fields.List(
        fields.String(validate=validate.Length(1, 60)),
        required=True,
        validate=validate.Length(1, MOST_JOBS),
        metadata={"example": ["marketplace-white", "studio-soft"]},
    )
    wanted = fields.Nested(WantedView, load_default=dict)

    @validates_schema
    def bounded(self, data: dict[str, Any], **_: object) -> None:
        """Nothing is asked for twice, since both would be paid for, and not more than fits one transaction."""
        for name in ("photo_ids", "presets"):
            if len(set(data[name])) < len(data[name]):
                raise ValidationError("Something is named twice.", name)
        jobs = len(data["photo_ids"]) * len(data["presets"])
        if jobs > MOST_JOBS:
            raise ValidationError(f"These are {jobs} renders, and a batch has at most {MOST_JOBS}.", "photo_ids")


class JobsArgs(PageArgs):
    photo_id = fields.UUID(load_default=None, metadata={"description": "of this photo"})
    preset = fields.String(
        load_default=None, validate=validate.Length(1, 60), metadata={"description": "by this preset"}
    )
    state = fields.String(load_default=None, validate=validate.OneOf(STATES))
    since = fields.AwareDateTime(load_default=None, metadata={"description": "asked for then or later"})
    until = fields.AwareDateTime(load_default=None, metadata={"description": "asked for before"})


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
    state = fields.String(required=True, validate=validate.OneOf(STATES))
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
    batch_id = fields.UUID(required=True, allow_none=True)
    attempt = fields.Integer(
        required=True,
        metadata={"description": "1, or more for a job that took the place of a failed one", "example": 1},
    )
    retry_of = fields.UUID(required=True, allow_none=True, metadata={"description": "the failed job before it"})
    wanted = fields.Nested(WantedView, required=True)
    retried_by = fields.UUID(required=True, allow_none=True, metadata={"description": "the job that took its place"})


class Counts(Schema):
    requested = fields.Integer(required=True, metadata={"description": "waiting for credits", "example": 0})
    running = fields.Integer(required=True, metadata={"example": 1})
    completed = fields.Integer(required=True, metadata={"example": 1})
    failed = fields.Integer(required=True, metadata={"example": 0})
    cancelled = fields.Integer(required=True, metadata={"example": 0})


class BatchView(Schema):
    id = fields.UUID(required=True)
    state = fields.String(required=True, validate=validate.OneOf(["running", "ended"]))
    percent = fields.Integer(required=True, metadata={"description": "of the whole", "example": 50})
    credits = fields.Integer(required=True, metadata={"description": "what all of it costs", "example": 2})
    requested_at = fields.AwareDateTime(required=True)
    counts = fields.Nested(Counts, required=True)
    jobs = fields.List(
        fields.Nested(JobView),
        required=True,
        metadata={"description": "without those whose place another job took"},
    )
