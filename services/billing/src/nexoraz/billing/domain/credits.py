"""One account's credits: added when paid, reserved when a render is asked, spent or released when it ends.

The balance is what can still be reserved. It is never negative: a reservation that does not fit is refused.
Every command is idempotent by its purchase or job, because messages arrive at least once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from nexoraz.billing.domain.events import (
    CreditsAdded,
    CreditsReleased,
    CreditsReserved,
    CreditsSpent,
    ReservationRefused,
)
from nexoraz.events.decider import Decider
from nexoraz.events.event import Stream


@dataclass(frozen=True, slots=True)
class AddCredits:
    account_id: str
    purchase_id: str
    credits: int


@dataclass(frozen=True, slots=True)
class ReserveCredits:
    account_id: str
    job_id: str
    credits: int


@dataclass(frozen=True, slots=True)
class SpendCredits:
    account_id: str
    job_id: str


@dataclass(frozen=True, slots=True)
class ReleaseCredits:
    account_id: str
    job_id: str


Command = AddCredits | ReserveCredits | SpendCredits | ReleaseCredits
CreditsEvent = CreditsAdded | CreditsReserved | ReservationRefused | CreditsSpent | CreditsReleased


@dataclass(frozen=True, slots=True)
class Credits:
    """balance: credits free to reserve. reserved: job → credits set aside. settled: jobs that are answered."""

    balance: int = 0
    reserved: dict[str, int] = field(default_factory=dict)
    settled: frozenset[str] = frozenset()
    purchases: frozenset[str] = frozenset()


def decide(command: Command, state: Credits) -> Sequence[CreditsEvent]:
    match command:
        case AddCredits(account_id, purchase_id, credits):
            return [] if purchase_id in state.purchases else [CreditsAdded(account_id, purchase_id, credits)]
        case ReserveCredits(account_id, job_id, credits):
            return _reserve(account_id, job_id, credits, state)
        case SpendCredits(account_id, job_id):
            return [CreditsSpent(account_id, job_id, state.reserved[job_id])] if job_id in state.reserved else []
        case ReleaseCredits(account_id, job_id):
            return [CreditsReleased(account_id, job_id, state.reserved[job_id])] if job_id in state.reserved else []
        case _:
            assert_never(command)


def _reserve(account_id: str, job_id: str, credits: int, state: Credits) -> Sequence[CreditsEvent]:
    if job_id in state.reserved or job_id in state.settled:
        return []
    if credits > state.balance:
        return [ReservationRefused(account_id, job_id, needed=credits, left=state.balance)]
    return [CreditsReserved(account_id, job_id, credits)]


def evolve(state: Credits, event: CreditsEvent) -> Credits:
    match event:
        case CreditsAdded():
            purchases = state.purchases | {event.purchase_id}
            return replace(state, balance=state.balance + event.credits, purchases=purchases)
        case CreditsReserved():
            reserved = {**state.reserved, event.job_id: event.credits}
            return replace(state, balance=state.balance - event.credits, reserved=reserved)
        case ReservationRefused():
            return replace(state, settled=state.settled | {event.job_id})
        case CreditsSpent():
            return _settle(state, event.job_id, given_back=0)
        case CreditsReleased():
            return _settle(state, event.job_id, given_back=event.credits)
        case _:
            assert_never(event)


def _settle(state: Credits, job_id: str, given_back: int) -> Credits:
    reserved = {job: credits for job, credits in state.reserved.items() if job != job_id}
    settled = state.settled | {job_id}
    return replace(state, balance=state.balance + given_back, reserved=reserved, settled=settled)


CREDITS: Decider[Command, Credits, CreditsEvent] = Decider(Credits(), decide, evolve)


def credits_stream(account_id: str) -> Stream:
    return Stream.of("credits", account_id, account_id)
