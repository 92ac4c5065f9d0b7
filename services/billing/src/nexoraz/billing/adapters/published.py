"""What billing tells the other services. At most one published fact per event; amounts and references only."""

from nexoraz.billing.domain import events
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


CONTRACTS: list[type[Contract]] = [
    CreditsPurchased,
    CreditsReserved,
    CreditsRefused,
    CreditsSpent,
    CreditsReleased,
    *contracts_of("billing"),
]


def translate(event: Event, _: Recorded) -> Contract | None:
    match event:
        case events.CreditsAdded():
            return CreditsPurchased(event.account_id, event.purchase_id, event.credits)
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
