"""A legal hold: what of an account may not go although it is to be erased, why, and until when.

The history outlives the account, so it is pseudonymous; what the operator wrote as a reason is sealed under a key of
its own and goes by its retention rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, assert_never

from nexoraz.events.classification import Fact, Id, Personal
from nexoraz.events.decider import Decider, Refused
from nexoraz.events.event import Event

UNTOLD = "withheld: a law forbids to say more"
"""What the receipt says of a hold that the person may not know of: never false, and no more than it must."""


class HoldState(StrEnum):
    """asked: the participant has not answered. refused: it could not place it. ending: released, and not yet gone."""

    ASKED = "asked"
    PLACED = "placed"
    REFUSED = "refused"
    ENDING = "ending"
    RELEASED = "released"


LIVE = frozenset({HoldState.ASKED, HoldState.PLACED})


class HoldPlaced(Event, frozen=True):
    """An operator holds one record of a participant's store, or (store "") all records of a category. told: whether
    the person may know. basis: the legal basis."""

    hold_id: Id
    account_id: Id
    participant: Fact[str]
    store: Fact[str]
    record_id: Id
    category: Fact[str]
    basis: Fact[str]
    reason: Annotated[str, Personal("user", purpose="hold-reason", retention="hold-reason")]
    until: Fact[datetime]
    told: Fact[bool]
    at: Fact[datetime]


class HoldConfirmed(Event, frozen=True):
    """The participant said what became of the hold: placed, released, or why it could not be placed."""

    hold_id: Id
    outcome: Fact[str]
    records: Fact[int]
    at: Fact[datetime]


class HoldReleased(Event, frozen=True):
    """The hold is over. by: operator or expiry."""

    hold_id: Id
    account_id: Id
    participant: Fact[str]
    by: Fact[str]
    at: Fact[datetime]


HOLD_EVENTS: tuple[type[Event], ...] = (HoldPlaced, HoldConfirmed, HoldReleased)

# Not frozen, although data: an exception's traceback is set while it travels.


@dataclass
class ErasureBegan(Refused):
    """The account's erasure has begun, and what it destroys nobody can hold any more."""

    request_id: str


@dataclass
class ParticipantUnknown(Refused):
    """No service of that name ever announced that it takes part."""

    participant: str


@dataclass
class UntilPassed(Refused):
    """The hold would end before it begins."""

    until: datetime


@dataclass
class HoldNotInForce(Refused):
    """Only a hold that is asked for or placed can be released."""

    state: str


@dataclass(frozen=True, slots=True)
class PlaceHold:
    """being_erased_by: the request whose erasure of the account has begun, or "". announced: who takes part."""

    hold_id: str
    account_id: str
    participant: str
    store: str
    record_id: str
    category: str
    basis: str
    reason: str
    until: datetime
    told: bool
    announced: frozenset[str]
    being_erased_by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class NoteAnswer:
    outcome: str
    records: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ReleaseHold:
    by: str
    at: datetime


Command = PlaceHold | NoteAnswer | ReleaseHold


@dataclass(frozen=True, slots=True)
class Hold:
    """`id` is "" before it was placed."""

    id: str = ""
    account_id: str = ""
    participant: str = ""
    state: HoldState = HoldState.ASKED


def decide(command: Command, state: Hold) -> Sequence[Event]:
    match command:
        case PlaceHold():
            return _place(command)
        case NoteAnswer(outcome, records, at):
            return _answered(state, HoldConfirmed(state.id, outcome, records, at))
        case ReleaseHold(by, at):
            if state.state not in LIVE:
                raise HoldNotInForce(state.state)
            return [HoldReleased(state.id, state.account_id, state.participant, by, at)]
        case _:
            assert_never(command)


def _place(command: PlaceHold) -> Sequence[Event]:
    if command.being_erased_by:
        raise ErasureBegan(command.being_erased_by)
    if command.participant not in command.announced:
        raise ParticipantUnknown(command.participant)
    if command.until <= command.at:
        raise UntilPassed(command.until)
    placed = HoldPlaced(
        command.hold_id, command.account_id, command.participant, command.store, command.record_id, command.category,
        command.basis, command.reason, command.until, command.told, command.at,
    )  # fmt: skip
    return [placed]


def _answered(state: Hold, answer: HoldConfirmed) -> Sequence[Event]:
    """An answer that says what is known already changes nothing."""
    if not state.id or _after(state.state, answer.outcome) == state.state:
        return []
    return [answer]


def _after(state: HoldState, outcome: str) -> HoldState:
    if outcome == "released":
        return HoldState.RELEASED
    if state is not HoldState.ASKED:
        return state
    return HoldState.PLACED if outcome == "placed" else HoldState.REFUSED


def evolve(state: Hold, event: Event) -> Hold:
    match event:
        case HoldPlaced():
            return Hold(event.hold_id, event.account_id, event.participant)
        case HoldConfirmed(outcome=outcome):
            return replace(state, state=_after(state.state, outcome))
        case HoldReleased():
            return replace(state, state=HoldState.ENDING)
        case _:
            return state


hold: Decider[Command, Hold, Event] = Decider(Hold(), decide, evolve)
