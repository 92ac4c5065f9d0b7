"""A session: one device that is signed in. Its refresh token rotates, and using an old one ends the session."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, assert_never

from nexoraz.events.classification import Fact, Id, Personal
from nexoraz.events.decider import Decider, Refused
from nexoraz.events.event import Event

SESSION_LIFE = timedelta(days=30)
RACE_ALLOWANCE = timedelta(seconds=10)
"""Two tabs may present the same refresh token at once: the slower one is refused, not taken for a thief."""

REUSED = "refresh-token-reused"
SIGNED_OUT = "signed-out"
SIGNED_OUT_EVERYWHERE = "signed-out-everywhere"
OPERATOR_REVOKED = "operator-revoked"
CREDENTIAL_CHANGED = "credential-changed"


class SessionStarted(Event, frozen=True):
    session_id: Id
    account_id: Id
    device: Annotated[str, Personal("user.device", retention="session-device")]
    refresh_hash: Id
    started_at: Fact[datetime]
    expires_at: Fact[datetime]
    network: Annotated[str | None, Personal("user.device.ip_address", retention="session-device")] = None
    country: Annotated[str | None, Personal("user.location", retention="session-device")] = None


class SessionRefreshed(Event, frozen=True):
    session_id: Id
    generation: Fact[int]
    refresh_hash: Id
    refreshed_at: Fact[datetime]


class SessionRevoked(Event, frozen=True):
    session_id: Id
    account_id: Id
    reason: Fact[str]
    revoked_at: Fact[datetime]


SessionEvent = SessionStarted | SessionRefreshed | SessionRevoked


@dataclass(frozen=True, slots=True)
class StartSession:
    """`device`: browser and system by family, never the raw user agent; `network`: an address that was cut, or None;
    `country`: where the network is, ISO 3166-1, or None (clause C2)."""

    session_id: str
    account_id: str
    device: str
    refresh_hash: str
    now: datetime
    network: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class RefreshSession:
    """The caller has checked that the presented token is one that we made for this session and generation."""

    session_id: str
    generation: int
    presented_hash: str
    next_hash: str
    now: datetime


@dataclass(frozen=True, slots=True)
class RevokeSession:
    session_id: str
    reason: str
    now: datetime


SessionCommand = StartSession | RefreshSession | RevokeSession


@dataclass
class SessionAlreadyStarted(Refused):
    """The id is in use by another session."""


@dataclass
class SessionUnknown(Refused):
    """No such session, or not this person's."""


@dataclass
class SessionEnded(Refused):
    """The session was revoked or has expired: sign in again."""


@dataclass
class RefreshRaced(Refused):
    """The token was exchanged a moment ago by the same device: use the answer of that request."""


@dataclass(frozen=True, slots=True)
class Session:
    """`generation` counts the refresh tokens from 0; only the newest is valid."""

    session_id: str = ""
    account_id: str = ""
    generation: int = 0
    refresh_hash: str = ""
    refreshed_at: datetime | None = None
    expires_at: datetime | None = None
    revoked: bool = False

    def is_active(self, now: datetime) -> bool:
        return not self.revoked and self.expires_at is not None and now < self.expires_at


def decide(command: SessionCommand, state: Session) -> Sequence[SessionEvent]:
    match command:
        case StartSession(session_id, account_id, device, refresh_hash, now, network, country):
            if state.session_id:
                raise SessionAlreadyStarted
            expires_at = now + SESSION_LIFE
            return [SessionStarted(session_id, account_id, device, refresh_hash, now, expires_at, network, country)]
        case RefreshSession():
            return _refresh(command, state)
        case RevokeSession(session_id, reason, now):
            if not state.session_id:
                raise SessionUnknown
            return [] if state.revoked else [SessionRevoked(session_id, state.account_id, reason, now)]
        case _:
            assert_never(command)


def _refresh(command: RefreshSession, state: Session) -> Sequence[SessionEvent]:
    if not state.session_id or command.generation > state.generation:
        raise SessionUnknown
    if not state.is_active(command.now):
        raise SessionEnded
    if command.generation == state.generation:
        if not hmac.compare_digest(command.presented_hash, state.refresh_hash):
            raise SessionUnknown
        return [SessionRefreshed(command.session_id, state.generation + 1, command.next_hash, command.now)]
    if command.generation == state.generation - 1 and _moments_ago(state.refreshed_at, command.now):
        raise RefreshRaced
    return [SessionRevoked(command.session_id, state.account_id, REUSED, command.now)]


def _moments_ago(then: datetime | None, now: datetime) -> bool:
    return then is not None and now - then < RACE_ALLOWANCE


def evolve(state: Session, event: SessionEvent) -> Session:
    match event:
        case SessionStarted(session_id, account_id, refresh_hash=refresh_hash, expires_at=expires_at):
            return Session(session_id, account_id, refresh_hash=refresh_hash, expires_at=expires_at)
        case SessionRefreshed(_, generation, refresh_hash, refreshed_at):
            return replace(state, generation=generation, refresh_hash=refresh_hash, refreshed_at=refreshed_at)
        case SessionRevoked():
            return replace(state, revoked=True)
        case _:
            assert_never(event)


SESSION: Decider[SessionCommand, Session, SessionEvent] = Decider(Session(), decide, evolve)
SESSION_EVENTS: list[type[Event]] = [SessionStarted, SessionRefreshed, SessionRevoked]
