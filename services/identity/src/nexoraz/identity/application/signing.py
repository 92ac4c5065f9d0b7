"""The key that signs access tokens: made once, replaced in time, found for each token."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from nexoraz.events.event import Stream
from nexoraz.events.store import EventStore, Transaction, execute, load, repeated
from nexoraz.identity.application.ports import Clock, Jwk, PrivateKeys
from nexoraz.identity.domain.signing_key import SIGNING_KEYS, EnsureSigningKey
from nexoraz.service.tokens import TokenClaims, public_jwk, sign_token

KEYS_STREAM = Stream("signing-keys", "")
"""The keys belong to the service, not to an account."""


@dataclass(slots=True)
class Signing:
    """Keeps the current private key in memory for KEPT seconds. Safe for threads: the worst race reads it twice."""

    store: EventStore
    private_keys: PrivateKeys
    now: Clock
    new_key: Callable[[], Jwk]
    _cached: tuple[datetime, Jwk] | None = None

    KEPT = 60.0

    def ensure_key(self) -> None:
        """Publish a key when none is good for another week. Two processes that try at once publish one."""
        repeated(self.store, self._ensure)

    def _ensure(self, tx: Transaction) -> None:
        private = self.new_key()
        text = json.dumps(public_jwk(private), sort_keys=True, separators=(",", ":"))
        command = EnsureSigningKey(private["kid"], text, self.now())
        if execute(tx, SIGNING_KEYS, KEYS_STREAM, command):
            self.private_keys.put(tx, private)

    def sign(self, tx: Transaction, claims: TokenClaims) -> str:
        """An access token. Raises NoSigningKey before the first key was made."""
        now = self.now()
        return sign_token(self._signer(tx, now), claims, now)

    def _signer(self, tx: Transaction, now: datetime) -> Jwk:
        if self._cached is not None and 0 <= (now - self._cached[0]).total_seconds() < self.KEPT:
            return self._cached[1]
        state, _ = load(tx, SIGNING_KEYS, KEYS_STREAM)
        private = self.private_keys.get(tx, state.signer(now).kid)
        self._cached = (now, private)
        return private

    def key_set(self, tx: Transaction) -> list[Jwk]:
        """The public keys whose tokens may be valid now (RFC 7517)."""
        state, _ = load(tx, SIGNING_KEYS, KEYS_STREAM)
        return [json.loads(key.public_jwk) for key in state.verifiers(self.now())]
