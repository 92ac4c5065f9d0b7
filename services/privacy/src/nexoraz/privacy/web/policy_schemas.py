"""Answers about versions of the policy."""

from marshmallow import fields, validate

from nexoraz.privacy.domain.policy_change import Channel
from nexoraz.service.app import Schema

VERSION = validate.Regexp(r"\d{4}-\d{2}-\d{2}\Z")


class PolicyVersionView(Schema):
    version = fields.String(required=True, metadata={"example": "2025-10-15"})
    in_force_from = fields.Date(required=True)
    material = fields.Boolean(required=True, metadata={"description": "Whether every account is told"})
    summary = fields.String(required=True, metadata={"example": "Photos may train models, only if you say so"})


class PolicyVersions(Schema):
    items = fields.List(fields.Nested(PolicyVersionView), required=True)


class PolicyText(Schema):
    version = fields.String(required=True, metadata={"example": "2026-11-01"})
    in_force_from = fields.Date(required=True)
    text = fields.String(
        required=True, metadata={"description": "Markdown", "example": "We keep what you upload until you delete it."}
    )


class DifferenceArgs(Schema):
    """`?old=&new=`"""

    old = fields.String(required=True, validate=VERSION, metadata={"example": "2025-10-15"})
    new = fields.String(required=True, validate=VERSION, metadata={"example": "2026-11-22"})


class PolicyDifference(Schema):
    old = fields.String(required=True, metadata={"example": "2025-06-01"})
    new = fields.String(required=True, metadata={"example": "2026-11-01"})
    lines = fields.List(fields.String(), required=True, metadata={"description": "Begins with -, + or a blank"})


class ToldView(Schema):
    how = fields.String(required=True, validate=validate.OneOf([how.value for how in Channel]))
    at = fields.DateTime(required=True)


class NoticeView(Schema):
    version = fields.String(required=True, metadata={"example": "2026-11-01"})
    summary = fields.String(required=True, metadata={"example": "Photos may train models, only if you say so"})
    told = fields.List(fields.Nested(ToldView), required=True)
    accepted_at = fields.DateTime(required=True, allow_none=True)
    accepted_by = fields.String(
        required=True, allow_none=True, metadata={"description": "What the account did", "example": "continued-use"}
    )


class NoticeList(Schema):
    items = fields.List(fields.Nested(NoticeView), required=True)


class Announcement(Schema):
    version = fields.String(required=True, metadata={"example": "2026-11-01"})
    announced_at = fields.DateTime(required=True)
