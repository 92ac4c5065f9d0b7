"""What reaches us without a sign-in: a question, or a request that somebody says is a person's (clauses X4, U2, I1).

Nobody is believed because of what they write. A question is answered by mail; a request becomes one (request.py) when
its person confirms it, signed in or by a mailed code, and is denied when nobody does within a month. The history says
nothing of who it is; what was written lies sealed beside it and goes when it is settled (decision 0051).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from nexoraz.events.classification import Fact, Id
from nexoraz.events.decider import Decider, Refused
from nexoraz.events.event import Event


class Source(StrEnum):
    """How it came."""

    FORM = "form"
    MAIL = "mail"
    OPENDSR = "opendsr"
    DRP = "drp"


class About(StrEnum):
    """What it is about; all but a question are requests that a person can make."""

    QUESTION = "question"
    ACCESS = "access"
    ERASURE = "erasure"


class ReferralState(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"
    CONFIRMED = "confirmed"
    REVOKED = "revoked"
    DENIED = "denied"


class ReferralReceived(Event, frozen=True):
    """sender: the agent or controller that sent it, "" for a person. foreign_id: what the sender calls it."""

    referral_id: Id
    source: Fact[Source]
    sender: Fact[str]
    foreign_id: Id
    about: Fact[About]
    at: Fact[datetime]
    due_at: Fact[datetime]


class ReferralConfirmed(Event, frozen=True):
    """Its person said that it is theirs: it is this request from now on."""

    referral_id: Id
    request_id: Id
    at: Fact[datetime]


class ReferralAnswered(Event, frozen=True):
    """An operator answered the question by mail."""

    referral_id: Id
    at: Fact[datetime]


class ReferralRevoked(Event, frozen=True):
    """Who sent it took it back."""

    referral_id: Id
    at: Fact[datetime]


class ReferralDenied(Event, frozen=True):
    """Nobody confirmed it in time."""

    referral_id: Id
    at: Fact[datetime]


@dataclass
class ReferralUnknown(Refused):
    """There is nothing of that id."""


@dataclass
class ReferralSettled(Refused):
    """It is not open any more."""

    state: str


@dataclass
class NotThatKind(Refused):
    """A question is answered, a request confirmed."""

    about: str


@dataclass(frozen=True, slots=True)
class ReceiveReferral:
    referral_id: str
    source: Source
    sender: str
    foreign_id: str
    about: About
    at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class ConfirmReferral:
    request_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AnswerReferral:
    at: datetime


@dataclass(frozen=True, slots=True)
class RevokeReferral:
    at: datetime


@dataclass(frozen=True, slots=True)
class LapseReferral:
    """The month is over."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Referral:
    received: ReferralReceived | None = None
    state: ReferralState = ReferralState.OPEN
    request_id: str = ""


Command = ReceiveReferral | ConfirmReferral | AnswerReferral | RevokeReferral | LapseReferral


def decide(command: Command, state: Referral) -> Sequence[Event]:
    """Raises ReferralUnknown, ReferralSettled, NotThatKind."""
    if isinstance(command, ReceiveReferral):
        c = command
        return [ReferralReceived(c.referral_id, c.source, c.sender, c.foreign_id, c.about, c.at, c.due_at)]
    if state.received is None:
        raise ReferralUnknown
    id_, about = state.received.referral_id, state.received.about
    if state.state is not ReferralState.OPEN:
        if isinstance(command, LapseReferral):
            return []
        raise ReferralSettled(state.state)
    match command:
        case ConfirmReferral(request_id, at):
            if about is About.QUESTION:
                raise NotThatKind(about)
            return [ReferralConfirmed(id_, request_id, at)]
        case AnswerReferral(at):
            if about is not About.QUESTION:
                raise NotThatKind(about)
            return [ReferralAnswered(id_, at)]
        case RevokeReferral(at):
            return [ReferralRevoked(id_, at)]
        case LapseReferral(at):
            return [] if about is About.QUESTION else [ReferralDenied(id_, at)]
        case _:
            assert_never(command)


def evolve(state: Referral, event: Event) -> Referral:
    match event:
        case ReferralReceived():
            return replace(state, received=event)
        case ReferralConfirmed(request_id=request_id):
            return replace(state, state=ReferralState.CONFIRMED, request_id=request_id)
        case ReferralAnswered():
            return replace(state, state=ReferralState.ANSWERED)
        case ReferralRevoked():
            return replace(state, state=ReferralState.REVOKED)
        case ReferralDenied():
            return replace(state, state=ReferralState.DENIED)
        case _:
            return state


referral: Decider[Command, Referral, Event] = Decider(Referral(), decide, evolve)
REFERRAL_EVENTS: tuple[type[Event], ...] = (
    ReferralReceived, ReferralConfirmed, ReferralAnswered, ReferralRevoked, ReferralDenied,
)  # fmt: skip
