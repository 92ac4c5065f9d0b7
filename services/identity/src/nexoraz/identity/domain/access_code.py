"""A one-time code by mail, for who cannot sign in and still has rights to use (identity verification of a request).

It opens the routes of requests only, and for one token's life. Eight digits are few, so tries and codes are few too.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from nexoraz.events.classification import Fact, Id
from nexoraz.events.decider import Decider, Refused
from nexoraz.events.event import Event

CODE_LIFE = timedelta(minutes=15)
CODE_ATTEMPTS = 5
CODES_IN_A_DAY = 6
"""With five tries each, a guesser who asks for all of them hits one account with a chance of 3 in 10 million a day."""


class AccessCodeSent(Event, frozen=True):
    """A code was mailed; it voids the one before. Only its keyed hash is known from here on."""

    account_id: Id
    code_id: Id
    code_hash: Id
    expires_at: Fact[datetime]
    at: Fact[datetime]


class AccessCodeFailed(Event, frozen=True):
    code_id: Id


class AccessCodeUsed(Event, frozen=True):
    """The person read the mail of the address, just now."""

    code_id: Id
    at: Fact[datetime]


AccessCodeEvent = AccessCodeSent | AccessCodeFailed | AccessCodeUsed


@dataclass(frozen=True, slots=True)
class SendAccessCode:
    account_id: str
    code_id: str
    code_hash: str
    now: datetime


@dataclass(frozen=True, slots=True)
class UseAccessCode:
    """presented_hash: of what was typed, with the id of the open code."""

    presented_hash: str
    now: datetime


AccessCodeCommand = SendAccessCode | UseAccessCode


@dataclass
class AccessCodeRefused(Refused):
    """Wrong, used, expired, tried too often, or for an address that nobody has: the caller learns no more."""


@dataclass
class AccessCodesExhausted(Refused):
    """So many codes were mailed to this account that no further one is. Never told to the caller."""


@dataclass(frozen=True, slots=True)
class AccessCode:
    """The newest code, and when codes were sent."""

    code_id: str = ""
    code_hash: str = ""
    expires_at: datetime | None = None
    failures: int = 0
    used: bool = False
    sent: tuple[datetime, ...] = ()

    def is_open(self, now: datetime) -> bool:
        fresh = self.expires_at is not None and now < self.expires_at
        return fresh and not self.used and self.failures < CODE_ATTEMPTS


def decide(command: AccessCodeCommand, state: AccessCode) -> Sequence[AccessCodeEvent]:
    match command:
        case SendAccessCode(account_id, code_id, code_hash, now):
            if sum(now - at < timedelta(days=1) for at in state.sent) >= CODES_IN_A_DAY:
                raise AccessCodesExhausted
            return [AccessCodeSent(account_id, code_id, code_hash, now + CODE_LIFE, now)]
        case UseAccessCode(presented, now):
            if not state.is_open(now):
                raise AccessCodeRefused
            right = hmac.compare_digest(presented, state.code_hash)
            return [AccessCodeUsed(state.code_id, now) if right else AccessCodeFailed(state.code_id)]
        case _:
            assert_never(command)


def evolve(state: AccessCode, event: AccessCodeEvent) -> AccessCode:
    match event:
        case AccessCodeSent(_, code_id, code_hash, expires_at, at):
            return AccessCode(code_id, code_hash, expires_at, sent=(*state.sent[1 - CODES_IN_A_DAY :], at))
        case AccessCodeFailed():
            return replace(state, failures=state.failures + 1)
        case AccessCodeUsed():
            return replace(state, used=True)
        case _:
            assert_never(event)


ACCESS_CODES: Decider[AccessCodeCommand, AccessCode, AccessCodeEvent] = Decider(AccessCode(), decide, evolve)
ACCESS_CODE_EVENTS: list[type[Event]] = [AccessCodeSent, AccessCodeFailed, AccessCodeUsed]
