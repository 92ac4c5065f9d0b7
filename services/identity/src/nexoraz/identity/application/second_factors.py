"""A second factor for signing in by password. Who has not the password learns from no answer whether there is one."""

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from nexoraz.events.event import Stream
from nexoraz.events.store import EventStore, Transaction, execute, load, repeated
from nexoraz.identity.application.alerts import Alerts
from nexoraz.identity.application.ports import Clock, FactorSecrets, KeyedHash, Throttle
from nexoraz.identity.application.registration import account_stream
from nexoraz.identity.application.throttling import FACTOR_BY_ACCOUNT, limit
from nexoraz.identity.domain.account import ACCOUNT
from nexoraz.identity.domain.second_factor import (
    RECOVERY_CODES,
    SECOND_FACTOR,
    AddSecondFactor,
    OfferSecondFactor,
    RemoveSecondFactor,
    SecondFactor,
    SecondFactorCodeRefused,
    SecondFactorUnknown,
    UseRecoveryCode,
    UseSecondFactor,
)
from nexoraz.identity.domain.totp import DIGITS, STEP, step_of

ISSUER = "Nexoraz"
SECRET_BYTES = 20
"""As long as a SHA-1, which RFC 4226 (section 4) recommends."""
THE_FACTOR, A_RECOVERY_CODE = "second factor", "recovery code"


def factor_stream(account_id: str) -> Stream:
    """The second factor of one account."""
    return Stream.of("second-factor", account_id, account_id)


@dataclass(frozen=True, slots=True)
class Offer:
    """uri: for the authenticator application, with the secret in it (otpauth)."""

    uri: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SecondFactors:
    store: EventStore
    secrets: FactorSecrets
    hashes: KeyedHash
    alerts: Alerts
    throttle: Throttle
    now: Clock
    new_id: Callable[[], str]

    def of(self, account_id: str) -> SecondFactor:
        """What the account has; its `added_at` is None when it has none."""
        with self.store.transaction() as tx:
            return load(tx, SECOND_FACTOR, factor_stream(account_id))[0]

    def offer(self, account_id: str) -> Offer:
        """A secret that a code must confirm. Raises SecondFactorAlreadyAdded."""
        factor_id = self.new_id()
        secret = base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()

        def work(tx: Transaction) -> str:
            execute(tx, SECOND_FACTOR, factor_stream(account_id), OfferSecondFactor(account_id, factor_id, self.now()))
            self.secrets.put(tx, account_id, factor_id, secret)
            return load(tx, ACCOUNT, account_stream(account_id))[0].email

        return Offer(_uri(repeated(self.store, work), secret))

    def add(self, account_id: str, code: str) -> list[str]:
        """The recovery codes, which nobody sees again. Raises SecondFactorUnknown, SecondFactorCodeRefused and
        TooManyAttempts."""
        limit(self.throttle, FACTOR_BY_ACCOUNT, account_id)
        codes = [_recovery_code() for _ in range(RECOVERY_CODES)]

        def work(tx: Transaction) -> None:
            state, _ = load(tx, SECOND_FACTOR, factor_stream(account_id))
            if not state.is_offered(self.now()):
                raise SecondFactorUnknown
            step = self._step(tx, account_id, state, code)
            if step is None:
                raise SecondFactorCodeRefused
            hashes = tuple(self._hash(state.factor_id, each) for each in codes)
            command = AddSecondFactor(account_id, step, hashes, self.now())
            execute(tx, SECOND_FACTOR, factor_stream(account_id), command)
            self.alerts.credential_changed(tx, account_id, THE_FACTOR, "added")

        repeated(self.store, work)
        self.throttle.clear(FACTOR_BY_ACCOUNT, account_id)
        return codes

    def remove(self, account_id: str) -> None:
        """Raises SecondFactorUnknown."""

        def work(tx: Transaction) -> None:
            execute(tx, SECOND_FACTOR, factor_stream(account_id), RemoveSecondFactor(account_id, self.now()))
            self.secrets.delete(tx, account_id)
            self.alerts.credential_changed(tx, account_id, THE_FACTOR, "removed")

        repeated(self.store, work)

    def passes(self, tx: Transaction, account_id: str, code: str) -> bool:
        """Whether the account has no second factor, or the code is one of it, which is used up by that."""
        state, _ = load(tx, SECOND_FACTOR, factor_stream(account_id))
        if state.added_at is None:
            return True
        step = self._step(tx, account_id, state, code)
        try:
            if step is not None:
                execute(tx, SECOND_FACTOR, factor_stream(account_id), UseSecondFactor(step, self.now()))
            else:
                self._recover(tx, account_id, self._hash(state.factor_id, code))
        except SecondFactorCodeRefused:
            return False
        return True

    def _recover(self, tx: Transaction, account_id: str, recovery_hash: str) -> None:
        execute(tx, SECOND_FACTOR, factor_stream(account_id), UseRecoveryCode(recovery_hash, self.now()))
        self.alerts.credential_changed(tx, account_id, A_RECOVERY_CODE, "used")

    def _step(self, tx: Transaction, account_id: str, state: SecondFactor, code: str) -> int | None:
        secret = self.secrets.find(tx, account_id, state.factor_id)
        return None if secret is None else step_of(base64.b32decode(secret), code, self.now())

    def _hash(self, factor_id: str, code: str) -> str:
        written = code.replace("-", "").replace(" ", "").lower()
        return self.hashes.keyed_hash("recovery-code", f"{factor_id}|{written}")


def _recovery_code() -> str:
    """Sixty random bits, to be written down."""
    text = base64.b32encode(secrets.token_bytes(10)).decode().lower()[:12]
    return f"{text[:4]}-{text[4:8]}-{text[8:]}"


def _uri(email: str, secret: str) -> str:
    """As authenticator applications read it from a QR code (the "Key URI Format" of Google Authenticator)."""
    facts = {"secret": secret, "issuer": ISSUER, "algorithm": "SHA1", "digits": DIGITS, "period": STEP}
    return f"otpauth://totp/{ISSUER}:{quote(email, safe='')}?{urlencode(facts)}"
