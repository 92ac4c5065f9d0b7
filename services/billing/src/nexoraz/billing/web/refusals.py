"""Which HTTP status each broken rule answers with."""

from nexoraz.billing.application.ports import IdempotencyKeyReused, PaymentRejected, PaymentsUnavailable
from nexoraz.billing.application.take_out_plan import NoPlanRunning, PaymentOutstanding, PlanRunning, UnknownPlan
from nexoraz.billing.domain.purchase_commands import NotHeld, NotRefundable, PurchaseUnknown, UnknownPack
from nexoraz.billing.domain.receipt import PurchaseNotPaid
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.store import AccountErased
from nexoraz.service.problems import Refusals

REFUSALS = Refusals({
    UnknownPack: 422,
    NotRefundable: 409,
    NotHeld: 409,
    PurchaseNotPaid: 409,
    PurchaseUnknown: 404,
    UnknownPlan: 422,
    PlanRunning: 409,
    NoPlanRunning: 409,
    PaymentOutstanding: 409,
    PaymentRejected: 402,
    IdempotencyKeyReused: 422,
    PaymentsUnavailable: 503,
    AccountErased: 401,
    KeyDestroyed: 401,
})  # fmt: skip
