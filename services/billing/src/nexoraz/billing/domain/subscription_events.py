"""What happened to an account's plan. Nothing here is personal: ids, plans and moments only (clause C5)."""

from datetime import datetime

from nexoraz.events.classification import Fact, Id
from nexoraz.events.event import Event


class CustomerOpened(Event, frozen=True):
    """Stripe knows the account under this id, with the payment method that it keeps for us."""

    account_id: Id
    customer: Id


class SubscriptionStarted(Event, frozen=True):
    """A plan was taken out and waits for, or has, its first payment. plan: what the person chose."""

    account_id: Id
    subscription: Id
    plan: Fact[str]
    at: Fact[datetime]


class PlanChosen(Event, frozen=True):
    """The person chose another plan for the running subscription; it holds from its first paid invoice on."""

    account_id: Id
    subscription: Id
    plan: Fact[str]


class PlanChanged(Event, frozen=True):
    """What the account may use is now that of this plan, "free" without one."""

    account_id: Id
    plan: Fact[str]
    previous: Fact[str]
    at: Fact[datetime]


class PeriodExtended(Event, frozen=True):
    """The plan is paid, or waits for payment, up to `until`."""

    account_id: Id
    subscription: Id
    until: Fact[datetime]


class CancellationPlanned(Event, frozen=True):
    """The plan ends with the period that is paid."""

    account_id: Id
    subscription: Id
    until: Fact[datetime]


class CancellationWithdrawn(Event, frozen=True):
    """The plan goes on after all."""

    account_id: Id
    subscription: Id


class PaymentOverdue(Event, frozen=True):
    """A renewal could not be paid. retry_at: when it is tried again. The plan still holds."""

    account_id: Id
    subscription: Id
    retry_at: Fact[datetime]


class GraceBegan(Event, frozen=True):
    """The payment failed again. The plan holds until `until`, and ends then unless it is paid."""

    account_id: Id
    subscription: Id
    until: Fact[datetime]


class PaymentRecovered(Event, frozen=True):
    """What was overdue is paid."""

    account_id: Id
    subscription: Id


class SubscriptionEnded(Event, frozen=True):
    """reason: "cancelled", or "unpaid" when the grace ran out."""

    account_id: Id
    subscription: Id
    reason: Fact[str]
    at: Fact[datetime]


SUBSCRIPTION_EVENTS = (
    CustomerOpened,
    SubscriptionStarted,
    PlanChosen,
    PlanChanged,
    PeriodExtended,
    CancellationPlanned,
    CancellationWithdrawn,
    PaymentOverdue,
    GraceBegan,
    PaymentRecovered,
    SubscriptionEnded,
)
