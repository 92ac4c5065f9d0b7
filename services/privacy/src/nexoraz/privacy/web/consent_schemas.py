"""Bodies and answers about consents."""

from marshmallow import fields, validate

from nexoraz.privacy.domain.consent import ConsentPurpose, Decision, IndicatedBy
from nexoraz.service.app import Schema

PURPOSES = [purpose.value for purpose in ConsentPurpose]


class Choice(Schema):
    """A yes and a no differ in one boolean."""

    purpose = fields.String(required=True, validate=validate.OneOf(PURPOSES), metadata={"example": "analytics"})
    given = fields.Boolean(required=True, truthy={True}, falsy={False}, metadata={"example": False})


class PurposeView(Schema):
    purpose = fields.String(required=True, validate=validate.OneOf(PURPOSES))
    means = fields.String(
        required=True,
        metadata={"description": "What is done with a yes", "example": "Which features are used, counted"},
    )
    allowed = fields.Boolean(required=True, metadata={"description": "Whether it is done; never without a yes"})
    decision = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": f"{', '.join(d.value for d in Decision)}; null before any choice",
            "example": "refused",
        },
    )
    indicated_by = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": ", ".join(by.value for by in IndicatedBy), "example": "settings"},
    )
    policy_version = fields.String(required=True, allow_none=True, metadata={"example": "2025-10-15"})
    at = fields.DateTime(required=True, allow_none=True)
    receipt = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Where the signed receipt is", "example": "/v1/privacy/consents/analytics/receipt"},
    )


class ConsentsView(Schema):
    policy_version = fields.String(
        required=True, metadata={"description": "The version in force", "example": "2026-11-01"}
    )
    privacy_control = fields.Boolean(required=True, metadata={"description": "This request carried Sec-GPC: 1"})
    purposes = fields.List(fields.Nested(PurposeView), required=True)


class SignedReceipt(Schema):
    """A receipt with its detached signature (JWS, Ed25519), like a certificate."""

    document = fields.Dict(required=True, metadata={"description": "dpv:ConsentReceipt, JSON-LD"})
    jws = fields.String(required=True, metadata={"example": "eyJhbGciOiJFZERTQSJ9.e30.c2ln"})


class GpcSupport(Schema):
    gpc = fields.Boolean(required=True)
    lastUpdate = fields.Date(required=True)
