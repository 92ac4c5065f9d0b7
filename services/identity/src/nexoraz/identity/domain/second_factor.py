"""The second factor of an account: an authenticator application, and recovery codes for who lost it.

The secret is no part of the history: it can be removed before the account is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, assert_never

from nexoraz.events.classification import PSEUDONYM, Fact, Id
from nexoraz.events.decider import Decider, Refused
from nexoraz.events.event import Event

OFFER_LIFE = timedelta(minutes=15)
RECOVERY_CODES = 10


class SecondFactorOffered(Event, frozen=True):
    """A secret was shown; it voids the one before, and counts for nothing before a code of it was seen."""

    account_id: Id
    factor_id: Id
    at: Fact[datetime]


class SecondFactorAdded(Event, frozen=True):
    """step: of the code that confirmed it. recovery_hashes: keyed hashes of codes that work once each."""

    account_id: Id
    factor_id: Id
    step: Fact[int]
    recovery_hashes: Annotated[tuple[str, ...], PSEUDONYM]
    at: Fact[datetime]


class SecondFactorUsed(Event, frozen=True):
    factor_id: Id
    step: Fact[int]
    at: Fact[datetime]


class RecoveryCodeUsed(Event, frozen=True):
    factor_id: Id
    recovery_hash: Id
    at: Fact[datetime]


class SecondFactorRemoved(Event, frozen=True):
    account_id: Id
    factor_id: Id
    at: Fact[datetime]


SecondFactorEvent = SecondFactorOffered | SecondFactorAdded | SecondFactorUsed | RecoveryCodeUsed | SecondFactorRemoved


@dataclass(frozen=True, slots=True)
class OfferSecondFactor:
    account_id: str
    factor_id: str
    now: datetime


@dataclass(frozen=True, slots=True)
class AddSecondFactor:
    """The caller has checked that the code of this step is one of the offered secret."""

    account_id: str
    step: int
    recovery_hashes: tuple[str, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class UseSecondFactor:
    """The caller has checked that the code of this step is one of the account's secret."""

    step: int
    now: datetime


@dataclass(frozen=True, slots=True)
class UseRecoveryCode:
    recovery_hash: str
    now: datetime


@dataclass(frozen=True, slots=True)
class RemoveSecondFactor:
    account_id: str
    now: datetime


SecondFactorCommand = OfferSecondFactor | AddSecondFactor | UseSecondFactor | UseRecoveryCode | RemoveSecondFactor


@dataclass
class SecondFactorUnknown(Refused):
    """The account has none, or nothing is offered that a code could confirm."""


@dataclass
class SecondFactorAlreadyAdded(Refused):
    """An account has one. Remove it to have another."""


@dataclass
class SecondFactorCodeRefused(Refused):
    """Not a code of this moment, or used before."""


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """added_at is None until a code confirmed the offer. step: of the newest code that was used."""

    factor_id: str = ""
    offered_at: datetime | None = None
    added_at: datetime | None = None
    step: int = 0
    recovery_hashes: frozenset[str] = frozenset()

    def is_offered(self, now: datetime) -> bool:
        fresh = self.offered_at is not None and now < self.offered_at + OFFER_LIFE
        return fresh and self.added_at is None


def decide(command: SecondFactorCommand, state: SecondFactor) -> Sequence[SecondFactorEvent]:
    match command:
        case OfferSecondFactor(account_id, factor_id, now):
            if state.added_at is not None:
                raise SecondFactorAlreadyAdded
            return [SecondFactorOffered(account_id, factor_id, now)]
        case AddSecondFactor(account_id, step, recovery_hashes, now):
            if not state.is_offered(now):
                raise SecondFactorUnknown
            return [SecondFactorAdded(account_id, state.factor_id, step, recovery_hashes, now)]
        case UseSecondFactor() | UseRecoveryCode() | RemoveSecondFactor():
            if state.added_at is None:
                raise SecondFactorUnknown
            return [_of_added(command, state)]
        case _:
            assert_never(command)


def _of_added(
    command: UseSecondFactor | UseRecoveryCode | RemoveSecondFactor, state: SecondFactor
) -> SecondFactorEvent:
    match command:
        case UseSecondFactor(step, now):
            if step <= state.step:
                raise SecondFactorCodeRefused
            return SecondFactorUsed(state.factor_id, step, now)
        case UseRecoveryCode(recovery_hash, now):
            if recovery_hash not in state.recovery_hashes:
                raise SecondFactorCodeRefused
            return RecoveryCodeUsed(state.factor_id, recovery_hash, now)
        case RemoveSecondFactor(account_id, now):
            return SecondFactorRemoved(account_id, state.factor_id, now)
        case _:
            assert_never(command)


def evolve(state: SecondFactor, event: SecondFactorEvent) -> SecondFactor:
    match event:
        case SecondFactorOffered(_, factor_id, at):
            return SecondFactor(factor_id, offered_at=at)
        case SecondFactorAdded(_, _, step, recovery_hashes, at):
            return replace(state, added_at=at, step=step, recovery_hashes=frozenset(recovery_hashes))
        case SecondFactorUsed(step=step):
            return replace(state, step=step)
        case RecoveryCodeUsed(recovery_hash=recovery_hash):
            return replace(state, recovery_hashes=state.recovery_hashes - {recovery_hash})
        case SecondFactorRemoved():
            return SecondFactor()
        case _:
            assert_never(event)


SECOND_FACTOR: Decider[SecondFactorCommand, SecondFactor, SecondFactorEvent] = Decider(SecondFactor(), decide, evolve)
SECOND_FACTOR_EVENTS: list[type[Event]] = [
    SecondFactorOffered, SecondFactorAdded, SecondFactorUsed, RecoveryCodeUsed, SecondFactorRemoved,
]  # fmt: skip
