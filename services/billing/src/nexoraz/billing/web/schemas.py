"""The bodies of billing's API."""

from marshmallow import fields, validate

from nexoraz.service.app import Schema


class PackView(Schema):
    id = fields.String(required=True, metadata={"example": "studio"})
    title = fields.String(required=True, metadata={"example": "50 credits"})
    credits = fields.Integer(required=True, metadata={"example": 50})
    amount = fields.Integer(required=True, metadata={"description": "in cents", "example": 1990})
    currency = fields.String(required=True, metadata={"example": "eur"})


class PackList(Schema):
    items = fields.List(fields.Nested(PackView), required=True)


class BalanceView(Schema):
    balance = fields.Integer(required=True, metadata={"description": "credits free to use", "example": 9})
    reserved = fields.Integer(required=True, metadata={"description": "credits of running renders", "example": 1})


class EntryView(Schema):
    entry = fields.Integer(required=True, metadata={"description": "counts the lines from 1", "example": 2})
    at = fields.AwareDateTime(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(["purchase", "reservation", "release", "spending"]))
    reference = fields.String(
        required=True,
        metadata={"description": "the purchase or the render job", "example": "6f0d0a0c-0000-4000-8000-00000000b001"},
    )
    credits = fields.Integer(required=True, metadata={"description": "change of the balance", "example": -1})
    balance = fields.Integer(required=True, metadata={"description": "the balance after it", "example": 9})


class NewPurchase(Schema):
    pack = fields.String(required=True, validate=validate.Length(1, 40), metadata={"example": "studio"})
    payment_method = fields.String(
        load_default=None,
        allow_none=True,
        validate=[validate.Length(4, 120), validate.Regexp(r"^(pm|src|card)_[A-Za-z0-9_]+$")],
        metadata={
            "description": "from Stripe's form in the browser: the payment is confirmed at once. Without it, confirm"
            " the payment intent with the client secret.",
            "example": "pm_1N4example",
        },
    )


class PurchaseView(Schema):
    id = fields.UUID(required=True)
    pack = fields.String(required=True, metadata={"example": "studio"})
    credits = fields.Integer(required=True, metadata={"example": 50})
    amount = fields.Integer(required=True, metadata={"description": "in cents", "example": 1990})
    currency = fields.String(required=True, metadata={"example": "eur"})
    payment_intent = fields.String(required=True, metadata={"example": "pi_3example"})
    state = fields.String(required=True, validate=validate.OneOf(["started", "paid", "failed"]))
    reason = fields.String(required=True, metadata={"description": "Stripe's code of a failure", "example": ""})
    started_at = fields.AwareDateTime(required=True)
    paid_at = fields.AwareDateTime(required=True, allow_none=True)


class StartedPurchase(Schema):
    id = fields.UUID(required=True)
    pack = fields.String(required=True, metadata={"example": "studio"})
    credits = fields.Integer(required=True, metadata={"example": 50})
    amount = fields.Integer(required=True, metadata={"description": "in cents", "example": 1990})
    currency = fields.String(required=True, metadata={"example": "eur"})
    payment_intent = fields.String(required=True, metadata={"example": "pi_3example"})
    client_secret = fields.String(
        required=True,
        metadata={"description": "finishes the payment in the browser", "example": "pi_3example_secret_x"},
    )
    state = fields.String(required=True, metadata={"example": "started"})
