"""What happened in billing. Nothing here is personal: ids, credits, amounts and references only (clause C5)."""

from datetime import datetime

from nexoraz.billing.domain.subscription_events import SUBSCRIPTION_EVENTS
from nexoraz.events.classification import Fact, Id
from nexoraz.events.event import Event


class CreditsAdded(Event, frozen=True):
    """Paid credits arrived on the account."""

    account_id: Id
    purchase_id: Id
    credits: Fact[int]


class CreditsReserved(Event, frozen=True):
    """Credits are set aside for one render job."""

    account_id: Id
    job_id: Id
    credits: Fact[int]


class ReservationRefused(Event, frozen=True):
    """The account held too few credits for the job. Recorded, because render waits for an answer."""

    account_id: Id
    job_id: Id
    needed: Fact[int]
    left: Fact[int]


class CreditsSpent(Event, frozen=True):
    """The job is done; its reserved credits are gone."""

    account_id: Id
    job_id: Id
    credits: Fact[int]


class CreditsReleased(Event, frozen=True):
    """The job failed; its reserved credits are free again."""

    account_id: Id
    job_id: Id
    credits: Fact[int]


class CreditsHeld(Event, frozen=True):
    """Paid credits arrived, and wait for a review before they can be used."""

    account_id: Id
    purchase_id: Id
    credits: Fact[int]


class HeldCreditsReleased(Event, frozen=True):
    """The review found nothing wrong: the credits can be used."""

    account_id: Id
    purchase_id: Id
    credits: Fact[int]


class HeldCreditsRemoved(Event, frozen=True):
    """The payment of held credits was given back."""

    account_id: Id
    purchase_id: Id
    refund_id: Id
    credits: Fact[int]


class CreditsTakenBack(Event, frozen=True):
    """Credits were given back for money. short: what the refund asked for besides and was spent already."""

    account_id: Id
    refund_id: Id
    credits: Fact[int]
    short: Fact[int]


class CreditsReturned(Event, frozen=True):
    """The refund did not come about, so its credits are back."""

    account_id: Id
    refund_id: Id
    credits: Fact[int]


class PurchaseStarted(Event, frozen=True):
    """A payment was opened with Stripe. amount: in the currency's minor unit (cents)."""

    account_id: Id
    purchase_id: Id
    pack: Fact[str]
    credits: Fact[int]
    amount: Fact[int]
    currency: Fact[str]
    payment_intent: Id
    started_at: Fact[datetime]


class PurchasePaid(Event, frozen=True):
    """Stripe says that the payment succeeded."""

    account_id: Id
    purchase_id: Id
    paid_at: Fact[datetime]


class PurchaseFailed(Event, frozen=True):
    """Stripe says that the payment failed or was cancelled. reason: Stripe's code, never free text."""

    account_id: Id
    purchase_id: Id
    reason: Fact[str]
    failed_at: Fact[datetime]


class InvoicePaid(Event, frozen=True):
    """A month of a plan, or the difference to a dearer one, is paid. It is a purchase like any other."""

    account_id: Id
    purchase_id: Id
    plan: Fact[str]
    credits: Fact[int]
    amount: Fact[int]
    currency: Fact[str]
    payment_intent: Id
    paid_at: Fact[datetime]


class PurchaseHeld(Event, frozen=True):
    """The payment is looked at before its credits can be used. reasons: the rules that it met, with commas."""

    account_id: Id
    purchase_id: Id
    reasons: Fact[str]
    held_at: Fact[datetime]


class ReviewDecided(Event, frozen=True):
    """Somebody looked: the credits can be used, or the money goes back."""

    account_id: Id
    purchase_id: Id
    released: Fact[bool]
    at: Fact[datetime]


class OperatorLooked(Event, frozen=True):
    """An operator saw or decided something of an account (decision 0019). operator: a keyed pseudonym of the operator's
    account. refused: nothing was shown or done, because a rule forbade it."""

    account_id: Id
    look_id: Id
    operator: Id
    action: Fact[str]
    purpose: Fact[str]
    refused: Fact[bool]
    at: Fact[datetime]


class RefundStarted(Event, frozen=True):
    """Credits of a purchase were given back; Stripe is asked for the money. amount: in the minor unit (cents)."""

    account_id: Id
    purchase_id: Id
    refund_id: Id
    credits: Fact[int]
    amount: Fact[int]
    started_at: Fact[datetime]


class RefundPaid(Event, frozen=True):
    """Stripe pays the money back. refund: Stripe's id."""

    account_id: Id
    purchase_id: Id
    refund_id: Id
    refund: Id
    paid_at: Fact[datetime]


class RefundFailed(Event, frozen=True):
    """Stripe refused. reason: Stripe's code, never free text. amount: what is not given back after all."""

    account_id: Id
    purchase_id: Id
    refund_id: Id
    amount: Fact[int]
    reason: Fact[str]
    failed_at: Fact[datetime]


class RefundedOutside(Event, frozen=True):
    """Money went back that was not asked for here: kind "refund" (Stripe's dashboard) or "dispute" (a chargeback).
    refund: Stripe's id. credits: what the amount is worth."""

    account_id: Id
    purchase_id: Id
    refund: Id
    kind: Fact[str]
    credits: Fact[int]
    amount: Fact[int]
    at: Fact[datetime]


EVENTS = (
    CreditsAdded,
    CreditsReserved,
    ReservationRefused,
    CreditsSpent,
    CreditsReleased,
    CreditsHeld,
    HeldCreditsReleased,
    HeldCreditsRemoved,
    CreditsTakenBack,
    CreditsReturned,
    PurchaseStarted,
    PurchaseHeld,
    ReviewDecided,
    OperatorLooked,
    RefundStarted,
    RefundPaid,
    RefundFailed,
    RefundedOutside,
    PurchasePaid,
    PurchaseFailed,
    InvoicePaid,
    *SUBSCRIPTION_EVENTS,
)
