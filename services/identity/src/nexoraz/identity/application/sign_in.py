"""Signing in, staying signed in, signing out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from nexoraz.events.decider import Refused
from nexoraz.events.event import Stream
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.store import AccountErased, EventStore, Transaction, VersionConflict, execute, load, repeated
from nexoraz.identity.application.pace import Pace
from nexoraz.identity.application.ports import (
    Accounts,
    Clock,
    Credentials,
    KeyedHash,
    ListedSession,
    OperatorRoll,
    Passwords,
    Sessions,
    Throttle,
)
from nexoraz.identity.application.secret_tokens import RefreshToken, new_refresh, read_refresh, refresh_hash
from nexoraz.identity.application.signing import Signing
from nexoraz.identity.application.throttling import (
    REFRESH_BY_ADDRESS,
    SIGN_IN_BY_ACCOUNT,
    SIGN_IN_BY_ADDRESS,
    SIGN_IN_BY_BOTH,
    limit,
)
from nexoraz.identity.domain.device import device_family
from nexoraz.identity.domain.email_address import EmailAddressInvalid, normalised
from nexoraz.identity.domain.operator import OPERATOR
from nexoraz.identity.domain.session import (
    OPERATOR_REVOKED,
    SESSION,
    SESSION_LIFE,
    SIGNED_OUT,
    SIGNED_OUT_EVERYWHERE,
    RefreshRaced,
    RefreshSession,
    RevokeSession,
    SessionEnded,
    SessionRefreshed,
    SessionStarted,
    SessionUnknown,
    StartSession,
)
from nexoraz.service.tokens import LIFETIME, TokenClaims


def session_stream(session_id: str, account_id: str) -> Stream:
    """The history of one session."""
    return Stream.of("session", session_id, account_id)


@dataclass
class SignInRefused(Refused):
    """The address is unknown or unverified, or the password is wrong: the caller learns no more."""


@dataclass
class RefreshRefused(Refused):
    """The refresh token is not, or no longer, good: sign in again."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What the device keeps. Times are seconds from now."""

    account_id: str
    session_id: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int = int(LIFETIME.total_seconds())
    refresh_expires_in: int = int(SESSION_LIFE.total_seconds())


@dataclass(frozen=True, slots=True)
class SignIn:
    store: EventStore
    accounts: Accounts
    credentials: Credentials
    sessions: Sessions
    operators: OperatorRoll
    signing: Signing
    hashes: KeyedHash
    passwords: Passwords
    throttle: Throttle
    pace: Pace
    now: Clock
    new_id: Callable[[], str]

    def sign_in(self, email: str, password: str, user_agent: str, client_address: str) -> SignedIn:
        """Start a session. Raises SignInRefused and TooManyAttempts, both after the same time."""
        with self.pace.even_refusals():
            address = _lookup_form(email)
            limit(self.throttle, SIGN_IN_BY_ADDRESS, client_address)
            limit(self.throttle, SIGN_IN_BY_ACCOUNT, address)
            limit(self.throttle, SIGN_IN_BY_BOTH, f"{client_address}|{address}")
            account_id = self._authenticate(address, password)
            self.throttle.clear(SIGN_IN_BY_ACCOUNT, address)
            self.throttle.clear(SIGN_IN_BY_BOTH, f"{client_address}|{address}")
            try:
                return self._start(account_id, device_family(user_agent))
            except (AccountErased, KeyDestroyed) as erased:
                raise SignInRefused from erased

    def _authenticate(self, address: str, password: str) -> str:
        with self.store.transaction() as tx:
            known = self.accounts.find(tx, address)
            verified = known is not None and known.verified_by != ""
            hashed = self.credentials.find(tx, known.account_id, known.verified_by) if known and verified else None
        if not self.passwords.verify(hashed, password) or known is None:
            raise SignInRefused
        return known.account_id

    def _start(self, account_id: str, device: str) -> SignedIn:
        session_id, now = self.new_id(), self.now()
        refresh = new_refresh(self.hashes, account_id, session_id, 0)
        command = StartSession(session_id, account_id, device, refresh_hash(self.hashes, refresh), now)
        with self.store.transaction() as tx:
            execute(tx, SESSION, session_stream(session_id, account_id), command)
            return self._signed_in(tx, refresh, now)

    def _signed_in(self, tx: Transaction, refresh: RefreshToken, authenticated_at: datetime) -> SignedIn:
        roles = frozenset({OPERATOR}) if self.operators.has(tx, refresh.account_id) else frozenset()
        claims = TokenClaims(refresh.account_id, refresh.session_id, authenticated_at, roles)
        access = self.signing.sign(tx, claims)
        return SignedIn(refresh.account_id, refresh.session_id, access, refresh.text)

    def refresh(self, text: str, client_address: str) -> SignedIn:
        """Exchange a refresh token. Raises RefreshRefused, RefreshRaced (409: the same device was faster) and
        TooManyAttempts. An old token ends its session, since one of its two holders is a thief."""
        limit(self.throttle, REFRESH_BY_ADDRESS, client_address)
        token = read_refresh(self.hashes, text)
        if token is None:
            raise RefreshRefused
        try:
            with self.store.transaction() as tx:
                signed_in = self._exchange(tx, token)
        except VersionConflict as faster:
            raise RefreshRaced from faster
        except (AccountErased, KeyDestroyed, SessionUnknown, SessionEnded) as ended:
            raise RefreshRefused from ended
        if signed_in is None:
            raise RefreshRefused
        return signed_in

    def _exchange(self, tx: Transaction, token: RefreshToken) -> SignedIn | None:
        """None when the session was ended instead; that must be committed."""
        following = new_refresh(self.hashes, token.account_id, token.session_id, token.generation + 1)
        hashed, next_hash = refresh_hash(self.hashes, token), refresh_hash(self.hashes, following)
        stream = session_stream(token.session_id, token.account_id)
        command = RefreshSession(token.session_id, token.generation, hashed, next_hash, self.now())
        [recorded] = execute(tx, SESSION, stream, command)
        if not isinstance(recorded.event, SessionRefreshed):
            return None
        began = tx.read(stream)[0].event
        assert isinstance(began, SessionStarted)
        return self._signed_in(tx, following, began.started_at)

    def listed(self, account_id: str, after: tuple[Any, ...] | None, limit_: int) -> list[ListedSession]:
        """The living sessions of an account, newest first."""
        key: tuple[datetime, UUID] | None = (after[0], after[1]) if after else None
        with self.store.transaction() as tx:
            return self.sessions.of_account(tx, account_id, key, limit_, self.now())

    def sign_out(self, account_id: str, session_id: str) -> None:
        """Revoke one session of this account; again changes nothing. Raises SessionUnknown for any other."""
        self._sign_out(account_id, session_id, SIGNED_OUT)

    def sign_out_everywhere(self, account_id: str) -> None:
        """Revoke every living session of the account."""
        self._end_all(account_id, SIGNED_OUT_EVERYWHERE)

    def end_operators_sessions(self, account_id: str) -> None:
        """Revoke every living session of an account that is no operator's any more."""
        self._end_all(account_id, OPERATOR_REVOKED)

    def _end_all(self, account_id: str, reason: str) -> None:
        while living := self.listed(account_id, None, 100):
            for session in living:
                self._sign_out(account_id, str(session.id), reason)

    def _sign_out(self, account_id: str, session_id: str, reason: str) -> None:
        repeated(self.store, lambda tx: self._revoke(tx, account_id, session_id, reason))

    def _revoke(self, tx: Transaction, account_id: str, session_id: str, reason: str) -> None:
        stream = session_stream(session_id, account_id)
        state, _ = load(tx, SESSION, stream)
        if state.account_id != account_id:
            raise SessionUnknown
        execute(tx, SESSION, stream, RevokeSession(session_id, reason, self.now()))


def _lookup_form(email: str) -> str:
    """Text that is no address is looked up all the same: it finds nothing, in the same time."""
    try:
        return normalised(email)
    except EmailAddressInvalid:
        return "not an address"
