"""What billing tells the other services. At most one published fact per event; amounts and references only."""

from nexoraz.billing.domain import events, subscription_events
from nexoraz.events.classification import Fact, Id
from nexoraz.events.contracts import Contract
from nexoraz.events.event import Event, Recorded
from nexoraz.events.protocol_contracts import contracts_of


class Published(Contract, frozen=True):
    """A contract of billing."""

    service = "billing"


class CreditsPurchased(Published, frozen=True):
    """Paid credits arrived on the account."""

    account_id: Id
    purchase_id: Id
    credits: Fact[int]


class CreditsReserved(Published, frozen=True):
    """A render job may run: its credits are set aside."""

    account_id: Id
    job_id: Id
    credits: Fact[int]


class CreditsRefused(Published, frozen=True):
    """A render job may not run: the account holds too few credits."""

    account_id: Id
    job_id: Id
    needed: Fact[int]
    left: Fact[int]


class CreditsSpent(Published, frozen=True):
    """The job's credits are gone."""

    account_id: Id
    job_id: Id
    credits: Fact[int]


class CreditsReleased(Published, frozen=True):
    """The job's credits are free again."""

    account_id: Id
    job_id: Id
    credits: Fact[int]


class CreditsTakenBack(Published, frozen=True):
    """Credits went back for money."""

    account_id: Id
    refund_id: Id
    credits: Fact[int]


class CreditsReturned(Published, frozen=True):
    """A refund failed: its credits can be used again."""

    account_id: Id
    refund_id: Id
    credits: Fact[int]


class PlanChanged(Published, frozen=True):
    """What the account may use is now that of this plan; "free" without one."""

    account_id: Id
    plan: Fact[str]


class PaymentProblem(Published, frozen=True):
    """The person is to be told that a renewal is not paid. notice: "overdue", "grace" or "unpaid" (the plan ended).
    until: when it is tried again, or when the plan ends; ISO 8601, or ""."""

    account_id: Id
    notice: Fact[str]
    until: Fact[str]


CONTRACTS: list[type[Contract]] = [
    CreditsPurchased,
    CreditsReserved,
    CreditsRefused,
    CreditsSpent,
    CreditsReleased,
    CreditsTakenBack,
    CreditsReturned,
    PlanChanged,
    PaymentProblem,
    *contracts_of("billing"),
]


def translate(event: Event, _: Recorded) -> Contract | None:
    return _of_credits(event) or _of_plans(event)


def _of_plans(event: Event) -> Contract | None:
    match event:
        case subscription_events.PlanChanged():
            return PlanChanged(event.account_id, event.plan)
        case subscription_events.PaymentOverdue():
            return PaymentProblem(event.account_id, "overdue", event.retry_at.isoformat())
        case subscription_events.GraceBegan():
            return PaymentProblem(event.account_id, "grace", event.until.isoformat())
        case subscription_events.SubscriptionEnded(reason="unpaid"):
            return PaymentProblem(event.account_id, "unpaid", "")
        case _:
            return None


def _of_credits(event: Event) -> Contract | None:  # noqa: PLR0911 - one line per event
    match event:
        case events.CreditsAdded():
            return CreditsPurchased(event.account_id, event.purchase_id, event.credits)
        case events.HeldCreditsReleased():
            return CreditsPurchased(event.account_id, event.purchase_id, event.credits)
        case events.CreditsTakenBack():
            return CreditsTakenBack(event.account_id, event.refund_id, event.credits)
        case events.CreditsReturned():
            return CreditsReturned(event.account_id, event.refund_id, event.credits)
        case events.CreditsReserved():
            return CreditsReserved(event.account_id, event.job_id, event.credits)
        case events.ReservationRefused():
            return CreditsRefused(event.account_id, event.job_id, event.needed, event.left)
        case events.CreditsSpent():
            return CreditsSpent(event.account_id, event.job_id, event.credits)
        case events.CreditsReleased():
            return CreditsReleased(event.account_id, event.job_id, event.credits)
        case _:
            return None
