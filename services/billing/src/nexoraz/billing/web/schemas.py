"""The bodies of billing's API."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from nexoraz.service.app import Schema

KINDS = [
    "purchase", "hold", "hold-released", "hold-refused", "reservation", "release", "spending", "refund",
    "refund-failed",
]  # fmt: skip


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
    held = fields.Integer(required=True, metadata={"description": "credits held for review", "example": 0})


class EntryView(Schema):
    entry = fields.Integer(required=True, metadata={"description": "counts the lines from 1", "example": 2})
    at = fields.AwareDateTime(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    reference = fields.String(
        required=True,
        metadata={
            "description": "the purchase, the render job or the refund",
            "example": "6f0d0a0c-0000-4000-8000-00000000b001",
        },
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


class PlanView(Schema):
    id = fields.String(required=True, metadata={"example": "pro"})
    title = fields.String(required=True, metadata={"example": "200 credits a month"})
    credits = fields.Integer(required=True, metadata={"description": "of each paid month", "example": 200})
    amount = fields.Integer(required=True, metadata={"description": "a month, in cents", "example": 2900})
    currency = fields.String(required=True, metadata={"example": "eur"})


class PlanList(Schema):
    items = fields.List(fields.Nested(PlanView), required=True)


def _payment_method(**given: Any) -> fields.String:
    rules = [validate.Length(4, 120), validate.Regexp(r"^(pm|src|card)_[A-Za-z0-9_]+$")]
    told = {"description": "from Stripe's form in the browser; kept by Stripe", "example": "pm_1N4example"}
    return fields.String(validate=rules, metadata=told, **given)


class NewSubscription(Schema):
    plan = fields.String(required=True, validate=validate.Length(1, 40), metadata={"example": "pro"})
    payment_method = _payment_method(required=True)


class SubscriptionChange(Schema):
    """One thing at a time."""

    plan = fields.String(validate=validate.Length(1, 40), metadata={"example": "basic"})
    cancels = fields.Boolean(metadata={"description": "end with the period that is paid, or go on after all"})
    payment_method = _payment_method()

    @validates_schema
    def one_thing(self, data: dict[str, Any], **_: Any) -> None:
        if len(data) != 1:
            raise ValidationError("exactly one of plan, cancels and payment_method")


class SubscriptionView(Schema):
    plan = fields.String(required=True, metadata={"description": "what may be used now", "example": "pro"})
    next_plan = fields.String(required=True, metadata={"description": "what is paid for next", "example": "pro"})
    state = fields.String(
        required=True,
        validate=validate.OneOf(["none", "incomplete", "active", "past_due", "grace", "ended"]),
        metadata={"example": "active"},
    )
    until = fields.AwareDateTime(required=True, allow_none=True, metadata={"description": "the end of the period"})
    cancels = fields.Boolean(required=True, metadata={"description": "ends with the period", "example": False})
    client_secret = fields.String(
        metadata={"description": "while incomplete: finishes the first payment in the browser", "example": ""}
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
    refunded = fields.Integer(required=True, metadata={"description": "in cents, of the amount", "example": 0})
    review = fields.String(
        required=True,
        validate=validate.OneOf(["", "held", "released", "refused"]),
        metadata={"description": "held: the credits wait until somebody has looked at the payment", "example": ""},
    )


class NewRefund(Schema):
    credits = fields.Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, 1_000_000),
        metadata={"description": "how many to give back; all that can be without it", "example": 5},
    )


class RefundView(Schema):
    id = fields.String(required=True, metadata={"example": "6f0d0a0c-0000-4000-8000-00000000d001"})
    kind = fields.String(
        required=True,
        validate=validate.OneOf(["own", "refund", "dispute"]),
        metadata={"description": "own: asked for here; refund: by us at Stripe; dispute: a chargeback"},
    )
    credits = fields.Integer(required=True, metadata={"description": "what the money is worth", "example": 5})
    amount = fields.Integer(required=True, metadata={"description": "in cents", "example": 245})
    state = fields.String(required=True, validate=validate.OneOf(["started", "paid", "failed"]))
    reason = fields.String(required=True, metadata={"description": "Stripe's code of a failure", "example": ""})
    started_at = fields.AwareDateTime(required=True)


class RefundList(Schema):
    items = fields.List(fields.Nested(RefundView), required=True)


class KeptView(Schema):
    store = fields.String(required=True, metadata={"example": "purchases"})
    what = fields.String(required=True, metadata={"example": "what you bought, for how much and when"})
    records = fields.Integer(required=True, metadata={"example": 2})
    why = fields.String(required=True, metadata={"example": "contract (GDPR Art. 6(1)(b))"})
    after_erasure = fields.Boolean(required=True, metadata={"description": "stays, without a name", "example": True})
    until = fields.AwareDateTime(required=True, allow_none=True, metadata={"description": "the end of its term"})


class KeptList(Schema):
    items = fields.List(fields.Nested(KeptView), required=True)


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
