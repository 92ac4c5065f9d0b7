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


EVENTS = (
    CreditsAdded,
    CreditsReserved,
    ReservationRefused,
    CreditsSpent,
    CreditsReleased,
    PurchaseStarted,
    PurchasePaid,
    PurchaseFailed,
    InvoicePaid,
    *SUBSCRIPTION_EVENTS,
)
