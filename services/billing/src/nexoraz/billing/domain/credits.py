"""One account's credits: added when paid, reserved when a render is asked, spent or released when it ends, taken back
when their money is.

The balance is what can still be reserved. It is never negative: a reservation that does not fit is refused, and what is
spent is not taken back. Every command is idempotent by its purchase, job or refund, because messages arrive at least
once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from nexoraz.billing.domain.events import (
    CreditsAdded,
    CreditsHeld,
    CreditsReleased,
    CreditsReserved,
    CreditsReturned,
    CreditsSpent,
    CreditsTakenBack,
    HeldCreditsReleased,
    HeldCreditsRemoved,
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
class HoldCredits:
    """Like AddCredits, for a payment that is reviewed first."""

    account_id: str
    purchase_id: str
    credits: int


@dataclass(frozen=True, slots=True)
class ReleaseHeld:
    account_id: str
    purchase_id: str


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


@dataclass(frozen=True, slots=True)
class TakeBackCredits:
    """The money of these credits goes back. Held credits of the purchase are taken first and whole."""

    account_id: str
    purchase_id: str
    refund_id: str
    credits: int


@dataclass(frozen=True, slots=True)
class ReturnCredits:
    """The refund failed."""

    account_id: str
    refund_id: str


Command = (
    AddCredits
    | HoldCredits
    | ReleaseHeld
    | ReserveCredits
    | SpendCredits
    | ReleaseCredits
    | TakeBackCredits
    | ReturnCredits
)
CreditsEvent = (
    CreditsAdded
    | CreditsHeld
    | HeldCreditsReleased
    | HeldCreditsRemoved
    | CreditsReserved
    | ReservationRefused
    | CreditsSpent
    | CreditsReleased
    | CreditsTakenBack
    | CreditsReturned
)


@dataclass(frozen=True, slots=True)
class Credits:
    """balance: credits free to reserve. reserved: job → credits set aside. held: purchase → credits under review.
    settled: jobs that are answered. taken: refund → credits that went back with it, 0 once they were returned."""

    balance: int = 0
    reserved: dict[str, int] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    settled: frozenset[str] = frozenset()
    purchases: frozenset[str] = frozenset()
    taken: dict[str, int] = field(default_factory=dict)


def decide(command: Command, state: Credits) -> Sequence[CreditsEvent]:  # noqa: PLR0911 - one case per command
    match command:
        case AddCredits(account_id, purchase_id, credits):
            return [] if purchase_id in state.purchases else [CreditsAdded(account_id, purchase_id, credits)]
        case HoldCredits(account_id, purchase_id, credits):
            return [] if purchase_id in state.purchases else [CreditsHeld(account_id, purchase_id, credits)]
        case ReleaseHeld(account_id, purchase_id):
            held = state.held.get(purchase_id)
            return [] if held is None else [HeldCreditsReleased(account_id, purchase_id, held)]
        case ReserveCredits(account_id, job_id, credits):
            return _reserve(account_id, job_id, credits, state)
        case SpendCredits(account_id, job_id):
            return [CreditsSpent(account_id, job_id, state.reserved[job_id])] if job_id in state.reserved else []
        case ReleaseCredits(account_id, job_id):
            return [CreditsReleased(account_id, job_id, state.reserved[job_id])] if job_id in state.reserved else []
        case TakeBackCredits():
            return [] if command.refund_id in state.taken else _take_back(command, state)
        case ReturnCredits(account_id, refund_id):
            taken = state.taken.get(refund_id, 0)
            return [CreditsReturned(account_id, refund_id, taken)] if taken else []
        case _:
            assert_never(command)


def _reserve(account_id: str, job_id: str, credits: int, state: Credits) -> Sequence[CreditsEvent]:
    if job_id in state.reserved or job_id in state.settled:
        return []
    if credits > state.balance:
        return [ReservationRefused(account_id, job_id, needed=credits, left=state.balance)]
    return [CreditsReserved(account_id, job_id, credits)]


def _take_back(command: TakeBackCredits, state: Credits) -> Sequence[CreditsEvent]:
    held = state.held.get(command.purchase_id)
    if held is not None:
        return [HeldCreditsRemoved(command.account_id, command.purchase_id, command.refund_id, held)]
    credits = min(command.credits, state.balance)
    return [CreditsTakenBack(command.account_id, command.refund_id, credits, command.credits - credits)]


def evolve(state: Credits, event: CreditsEvent) -> Credits:  # noqa: PLR0911 - one case per event
    match event:
        case CreditsAdded():
            purchases = state.purchases | {event.purchase_id}
            return replace(state, balance=state.balance + event.credits, purchases=purchases)
        case CreditsHeld():
            held = {**state.held, event.purchase_id: event.credits}
            return replace(state, held=held, purchases=state.purchases | {event.purchase_id})
        case HeldCreditsReleased():
            return replace(state, balance=state.balance + event.credits, held=_without(state.held, event.purchase_id))
        case HeldCreditsRemoved():
            taken = {**state.taken, event.refund_id: event.credits}
            return replace(state, held=_without(state.held, event.purchase_id), taken=taken)
        case CreditsReserved():
            reserved = {**state.reserved, event.job_id: event.credits}
            return replace(state, balance=state.balance - event.credits, reserved=reserved)
        case ReservationRefused():
            return replace(state, settled=state.settled | {event.job_id})
        case CreditsSpent():
            return _settle(state, event.job_id, given_back=0)
        case CreditsReleased():
            return _settle(state, event.job_id, given_back=event.credits)
        case CreditsTakenBack():
            taken = {**state.taken, event.refund_id: event.credits}
            return replace(state, balance=state.balance - event.credits, taken=taken)
        case CreditsReturned():
            taken = {**state.taken, event.refund_id: 0}
            return replace(state, balance=state.balance + event.credits, taken=taken)
        case _:
            assert_never(event)


def _settle(state: Credits, job_id: str, given_back: int) -> Credits:
    settled = state.settled | {job_id}
    return replace(
        state, balance=state.balance + given_back, reserved=_without(state.reserved, job_id), settled=settled
    )


def _without(credits: dict[str, int], name: str) -> dict[str, int]:
    return {each: count for each, count in credits.items() if each != name}


CREDITS: Decider[Command, Credits, CreditsEvent] = Decider(Credits(), decide, evolve)


def credits_stream(account_id: str) -> Stream:
    return Stream.of("credits", account_id, account_id)
