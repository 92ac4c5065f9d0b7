"""Changing the email address: a link to the old address and one to the new; the change is made when both were used.

Until then the old address works, so neither a stolen session nor a mistyped address takes an account away.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, assert_never

from nexoraz.events.classification import Fact, Id, Personal
from nexoraz.events.decider import Decider, Refused
from nexoraz.events.event import Event

CHANGE_LIFE = timedelta(hours=24)
CHANGE_ATTEMPTS = 10
OLD, NEW = "old", "new"
BOTH = frozenset({OLD, NEW})


class AddressChangeStarted(Event, frozen=True):
    """Two one-time links were mailed; they void those of a change before. Only their keyed hashes are known."""

    account_id: Id
    change_id: Id
    address: Annotated[str, Personal("user.contact.email")]
    old_hash: Id
    new_hash: Id
    expires_at: Fact[datetime]


class AddressChangeConfirmed(Event, frozen=True):
    """`side`: whose link it was, OLD or NEW."""

    change_id: Id
    side: Fact[str]
    at: Fact[datetime]


class AddressChangeFailed(Event, frozen=True):
    change_id: Id


AddressChangeEvent = AddressChangeStarted | AddressChangeConfirmed | AddressChangeFailed


@dataclass(frozen=True, slots=True)
class StartAddressChange:
    account_id: str
    change_id: str
    address: str
    old_hash: str
    new_hash: str
    now: datetime


@dataclass(frozen=True, slots=True)
class ConfirmAddressChange:
    change_id: str
    secret_hash: str
    now: datetime


AddressChangeCommand = StartAddressChange | ConfirmAddressChange


@dataclass
class AddressChangeGone(Refused):
    """Another change was started since, or the link was mistyped too often, has expired or never was."""


@dataclass
class AddressTaken(Refused):
    """Another account has the address by now. Told only to who has read the mail of the address."""


@dataclass(frozen=True, slots=True)
class AddressChange:
    """The newest change."""

    change_id: str = ""
    address: str = ""
    old_hash: str = ""
    new_hash: str = ""
    expires_at: datetime | None = None
    failures: int = 0
    confirmed: frozenset[str] = frozenset()

    @property
    def made(self) -> bool:
        return self.confirmed == BOTH

    def is_open(self, change_id: str, now: datetime) -> bool:
        fresh = self.expires_at is not None and now < self.expires_at
        return fresh and self.change_id == change_id and self.failures < CHANGE_ATTEMPTS


def decide(command: AddressChangeCommand, state: AddressChange) -> Sequence[AddressChangeEvent]:
    match command:
        case StartAddressChange(account_id, change_id, address, old_hash, new_hash, now):
            return [AddressChangeStarted(account_id, change_id, address, old_hash, new_hash, now + CHANGE_LIFE)]
        case ConfirmAddressChange(change_id, presented, now):
            if not state.is_open(change_id, now):
                raise AddressChangeGone
            side = _side(state, presented)
            if side is None:
                return [AddressChangeFailed(change_id)]
            return [] if side in state.confirmed else [AddressChangeConfirmed(change_id, side, now)]
        case _:
            assert_never(command)


def _side(state: AddressChange, presented: str) -> str | None:
    old = hmac.compare_digest(presented, state.old_hash)
    new = hmac.compare_digest(presented, state.new_hash)
    return OLD if old else NEW if new else None


def evolve(state: AddressChange, event: AddressChangeEvent) -> AddressChange:
    match event:
        case AddressChangeStarted(_, change_id, address, old_hash, new_hash, expires_at):
            return AddressChange(change_id, address, old_hash, new_hash, expires_at)
        case AddressChangeConfirmed(_, side):
            return replace(state, confirmed=state.confirmed | {side})
        case AddressChangeFailed():
            return replace(state, failures=state.failures + 1)
        case _:
            assert_never(event)


ADDRESS_CHANGE: Decider[AddressChangeCommand, AddressChange, AddressChangeEvent] = Decider(
    AddressChange(), decide, evolve
)
ADDRESS_CHANGE_EVENTS: list[type[Event]] = [AddressChangeStarted, AddressChangeConfirmed, AddressChangeFailed]
