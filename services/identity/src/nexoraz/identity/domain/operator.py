"""Who may use the operators' side of the API: a grant of an account, given and taken from the command line only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from nexoraz.events.classification import Fact, Id
from nexoraz.events.decider import Decider, Refused
from nexoraz.events.event import Event

OPERATOR = "operator"


class OperatorGranted(Event, frozen=True):
    """From now on tokens of the account say that it is an operator's."""

    account_id: Id
    at: Fact[datetime]


class OperatorRevoked(Event, frozen=True):
    """The account is a person's like any other again; its sessions end."""

    account_id: Id
    at: Fact[datetime]


OperatorEvent = OperatorGranted | OperatorRevoked


@dataclass(frozen=True, slots=True)
class GrantOperator:
    account_id: str
    now: datetime


@dataclass(frozen=True, slots=True)
class RevokeOperator:
    account_id: str
    now: datetime


OperatorCommand = GrantOperator | RevokeOperator


@dataclass
class AddressNotInUse(Refused):
    """No account with a verified address like that. Told on the command line, where nobody fishes for addresses."""


def decide(command: OperatorCommand, granted: bool) -> Sequence[OperatorEvent]:
    """A grant of what is granted, and a revocation of what is not, change nothing."""
    match command:
        case GrantOperator(account_id, now):
            return [] if granted else [OperatorGranted(account_id, now)]
        case RevokeOperator(account_id, now):
            return [OperatorRevoked(account_id, now)] if granted else []
        case _:
            assert_never(command)


def evolve(_: bool, event: OperatorEvent) -> bool:
    return isinstance(event, OperatorGranted)


OPERATORS: Decider[OperatorCommand, bool, OperatorEvent] = Decider(False, decide, evolve)
OPERATOR_EVENTS: list[type[Event]] = [OperatorGranted, OperatorRevoked]
