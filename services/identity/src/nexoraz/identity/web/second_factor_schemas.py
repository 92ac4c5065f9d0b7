"""The shapes of the second factor."""

from marshmallow import fields, validate

from nexoraz.service.app import Schema

URI = "otpauth://totp/Nexoraz:ada%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Nexoraz"


class FactorState(Schema):
    added_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "null: there is no second factor"}
    )
    recovery_codes_left = fields.Integer(required=True, metadata={"example": 10})


class FactorOffer(Schema):
    uri = fields.String(required=True, metadata={"description": "to be shown as a QR code, once", "example": URI})


class FactorCode(Schema):
    code = fields.String(
        required=True,
        validate=validate.Regexp(r"[0-9]{6}\Z", error="Six digits."),
        load_only=True,
        metadata={"example": "287082"},
    )


class RecoveryCodes(Schema):
    recovery_codes = fields.List(
        fields.String(metadata={"example": "k3fd-7qaz-m2xw"}),
        required=True,
        metadata={"description": "each is good once, in the place of a code"},
    )
