"""The bodies of reviews and looks."""

from marshmallow import fields, validate

from nexoraz.service.app import Schema


class ReviewView(Schema):
    purchase_id = fields.UUID(required=True, metadata={"example": "6f0d0a0c-0000-4000-8000-00000000c001"})
    account_id = fields.UUID(required=True, metadata={"example": "6f0d0a0c-0000-4000-8000-00000000a001"})
    reasons = fields.String(required=True, metadata={"description": "the rules, with commas", "example": "velocity"})
    state = fields.String(required=True, validate=validate.OneOf(["held", "released", "refused"]))
    held_at = fields.AwareDateTime(required=True)


class LookView(Schema):
    id = fields.UUID(required=True)
    action = fields.String(required=True, metadata={"example": "see-reviews"})
    purpose = fields.String(required=True, metadata={"example": "security-incident"})
    refused = fields.Boolean(
        required=True, metadata={"description": "a rule kept it from being done", "example": False}
    )
    at = fields.AwareDateTime(required=True)
