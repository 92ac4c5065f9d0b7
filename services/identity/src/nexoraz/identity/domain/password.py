"""The password of an account: replaced by a mailed link, or by who knows the one before."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from nexoraz.events.classification import Fact, Id
from nexoraz.events.decider import Decider, Refused
from nexoraz.events.event import Event

RESET_LIFE = timedelta(minutes=30)
RESET_ATTEMPTS = 5
RESETS_IN_A_DAY = 6

BY_LINK = "reset"
BY_PASSWORD = "changed"  # noqa: S105  how it was replaced


class PasswordResetStarted(Event, frozen=True):
    """A one-time link was mailed; it voids the one before. Only its keyed hash is known from here on."""

    account_id: Id
    reset_id: Id
    secret_hash: Id
    expires_at: Fact[datetime]
    at: Fact[datetime]


class PasswordResetFailed(Event, frozen=True):
    reset_id: Id


class PasswordReplaced(Event, frozen=True):
    """The hash that is kept as `credential_id` is the account's from now on. `how`: BY_LINK or BY_PASSWORD."""

    account_id: Id
    credential_id: Id
    how: Fact[str]
    at: Fact[datetime]


PasswordEvent = PasswordResetStarted | PasswordResetFailed | PasswordReplaced


@dataclass(frozen=True, slots=True)
class StartPasswordReset:
    account_id: str
    reset_id: str
    secret_hash: str
    now: datetime


@dataclass(frozen=True, slots=True)
class ReplaceByLink:
    account_id: str
    reset_id: str
    secret_hash: str
    now: datetime


@dataclass(frozen=True, slots=True)
class ReplaceByPassword:
    """The caller has checked the password that is in use."""

    account_id: str
    credential_id: str
    now: datetime


PasswordCommand = StartPasswordReset | ReplaceByLink | ReplaceByPassword


@dataclass
class PasswordResetGone(Refused):
    """The link was used, voided by another, mistyped too often, has expired or never was. No more is told."""


@dataclass
class PasswordResetsExhausted(Refused):
    """So many links were mailed to this account that no further one is. Never told to the caller."""


@dataclass(frozen=True, slots=True)
class Password:
    """The newest link, and when links were sent."""

    reset_id: str = ""
    secret_hash: str = ""
    expires_at: datetime | None = None
    failures: int = 0
    sent: tuple[datetime, ...] = ()

    def is_open(self, reset_id: str, now: datetime) -> bool:
        fresh = self.expires_at is not None and now < self.expires_at
        return fresh and self.reset_id == reset_id and self.failures < RESET_ATTEMPTS


def decide(command: PasswordCommand, state: Password) -> Sequence[PasswordEvent]:
    match command:
        case StartPasswordReset(account_id, reset_id, secret_hash, now):
            if sum(now - at < timedelta(days=1) for at in state.sent) >= RESETS_IN_A_DAY:
                raise PasswordResetsExhausted
            return [PasswordResetStarted(account_id, reset_id, secret_hash, now + RESET_LIFE, now)]
        case ReplaceByLink(account_id, reset_id, secret_hash, now):
            if not state.is_open(reset_id, now):
                raise PasswordResetGone
            if not hmac.compare_digest(secret_hash, state.secret_hash):
                return [PasswordResetFailed(reset_id)]
            return [PasswordReplaced(account_id, reset_id, BY_LINK, now)]
        case ReplaceByPassword(account_id, credential_id, now):
            return [PasswordReplaced(account_id, credential_id, BY_PASSWORD, now)]
        case _:
            assert_never(command)


def evolve(state: Password, event: PasswordEvent) -> Password:
    match event:
        case PasswordResetStarted(_, reset_id, secret_hash, expires_at, at):
            return Password(reset_id, secret_hash, expires_at, sent=(*state.sent[1 - RESETS_IN_A_DAY :], at))
        case PasswordResetFailed():
            return replace(state, failures=state.failures + 1)
        case PasswordReplaced():
            return Password(sent=state.sent)
        case _:
            assert_never(event)


PASSWORD: Decider[PasswordCommand, Password, PasswordEvent] = Decider(Password(), decide, evolve)
PASSWORD_EVENTS: list[type[Event]] = [PasswordResetStarted, PasswordResetFailed, PasswordReplaced]
