"""Signing in by password, with a code where the account has a second factor, and staying signed in."""

from dataclasses import dataclass

from nexoraz.events.decider import Refused
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.store import AccountErased, EventStore, Transaction, VersionConflict, execute
from nexoraz.identity.application.pace import Pace
from nexoraz.identity.application.ports import (
    Accounts,
    Clock,
    Credentials,
    KeyedHash,
    KnownAccount,
    Passwords,
    Throttle,
)
from nexoraz.identity.application.second_factors import SecondFactors
from nexoraz.identity.application.secret_tokens import RefreshToken, new_refresh, read_refresh, refresh_hash
from nexoraz.identity.application.session_starts import Client, SessionStarts, SignedIn, session_stream
from nexoraz.identity.application.throttling import (
    FACTOR_BY_ACCOUNT,
    REFRESH_BY_ADDRESS,
    SIGN_IN_BY_ACCOUNT,
    SIGN_IN_BY_ADDRESS,
    SIGN_IN_BY_BOTH,
    TooManyAttempts,
    limit,
)
from nexoraz.identity.domain.email_address import lookup_form
from nexoraz.identity.domain.session import (
    SESSION,
    RefreshRaced,
    RefreshSession,
    SessionEnded,
    SessionRefreshed,
    SessionStarted,
    SessionUnknown,
)


@dataclass
class SignInRefused(Refused):
    """The address is unknown or unverified, the password is wrong, or the code of the second factor is wrong or
    missing: the caller learns no more."""


@dataclass
class RefreshRefused(Refused):
    """The refresh token is not, or no longer, good: sign in again."""


@dataclass(frozen=True, slots=True)
class SignIn:
    store: EventStore
    accounts: Accounts
    credentials: Credentials
    factors: SecondFactors
    starts: SessionStarts
    hashes: KeyedHash
    passwords: Passwords
    throttle: Throttle
    pace: Pace
    now: Clock

    def sign_in(self, email: str, password: str, client: Client, code: str = "") -> SignedIn:
        """Start a session. code: of the second factor, or a recovery code; not looked at where there is none.
        Raises SignInRefused and TooManyAttempts, both after the same time."""
        with self.pace.even_refusals():
            address = lookup_form(email)
            limit(self.throttle, SIGN_IN_BY_ADDRESS, client.address)
            limit(self.throttle, SIGN_IN_BY_ACCOUNT, address)
            limit(self.throttle, SIGN_IN_BY_BOTH, f"{client.address}|{address}")
            known = self._authenticate(address, password)
            signed_in = self._start(known, client, code)
            self.throttle.clear(SIGN_IN_BY_ACCOUNT, address)
            self.throttle.clear(SIGN_IN_BY_BOTH, f"{client.address}|{address}")
            return signed_in

    def _start(self, known: KnownAccount, client: Client, code: str) -> SignedIn:
        """Too many codes are refused like a wrong password: another answer would tell that the password is right."""
        try:
            if code:
                limit(self.throttle, FACTOR_BY_ACCOUNT, known.account_id)
            signed_in = self.starts.start(known.account_id, client, lambda tx: self._still(tx, known, code))
        except (AccountErased, KeyDestroyed, TooManyAttempts) as refused:
            raise SignInRefused from refused
        if signed_in is None:
            raise SignInRefused
        if code:
            self.throttle.clear(FACTOR_BY_ACCOUNT, known.account_id)
        return signed_in

    def _authenticate(self, address: str, password: str) -> KnownAccount:
        with self.store.transaction() as tx:
            known = self.accounts.find(tx, address)
            verified = known is not None and known.verified_by != ""
            hashed = self.credentials.find(tx, known.account_id, known.verified_by) if known and verified else None
        if not self.passwords.verify(hashed, password) or known is None:
            raise SignInRefused
        return known

    def _still(self, tx: Transaction, known: KnownAccount, code: str) -> bool:
        """Whether the password that was checked is still the account's, and the code is good; it is not any more
        after this transaction."""
        password_holds = self.accounts.password_of(tx, known.account_id) == known.verified_by
        return password_holds and self.factors.passes(tx, known.account_id, code)

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
        return self.starts.signed_in(tx, following, began.started_at)
