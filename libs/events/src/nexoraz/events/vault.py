"""Data keys, one per account and purpose: issue, use, destroy (DESIGN.md, "Personal data: the vault").

Promises:
- A key is issued only while its account's row is share-locked in state open, so nothing is issued to an account
  after the transaction that closed it, by any process.
- A process uses a key for at most `ttl_s` (≤ 10 s) after reading it; the process that destroys forgets at once.
- Neither keys nor plaintext appear in errors, logs or representations.
"""

import hmac
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Engine, select, text, update

from nexoraz.events import key_rows
from nexoraz.events.kek import EpochDestroyed, Kek
from nexoraz.events.key_cache import CachedKey, KeyCache
from nexoraz.events.key_rows import AccountClosed, Destruction, KeyMissing
from nexoraz.events.vault_schema import accounts, epochs, keys

__all__ = ["AccountClosed", "Destruction", "Epoch", "KeyMissing", "Tampered", "Vault"]

FORMAT = b"\x01"
SHORTEST = 1 + 12 + 16
SYSTEM = ""
"""The account id of the service's own keys; they end with the service, not with an account."""


class Tampered(Exception):
    """Sealed bytes were altered, cut, moved to another place, or sealed under another key."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """The life of one key-encryption key."""

    epoch: int
    created_at: datetime
    retired_at: datetime | None
    destroyed_at: datetime | None


class Vault:
    """Seals and opens values under keys that it issues, caches for a moment, and destroys."""

    def __init__(
        self,
        engine: Engine,
        kek: Kek,
        ttl_s: float = 5.0,
        max_keys: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.engine = engine.execution_options(isolation_level="READ COMMITTED")
        self.kek = kek
        self._clock = clock
        self._cache = KeyCache(ttl_s, max_keys)
        self._cached = self._cache.entries

    def seal(self, account_id: str, purpose: str, value: bytes, context: str) -> bytes:
        """AES-256-GCM: format byte, nonce, ciphertext with tag; account, purpose and context are authenticated.

        Issues the key at its first use. Raises KeyDestroyed when the account is closed.
        """
        key = self._cached.get((account_id, purpose))
        if key is None or key.until < self._clock():
            key = self._fetch(account_id, purpose, issue=True)
        nonce = os.urandom(12)
        return FORMAT + nonce + key.encrypt(nonce, value, f"{account_id}|{purpose}|{context}".encode())

    def open(self, account_id: str, purpose: str, sealed: bytes, context: str) -> bytes:
        """The reverse of `seal`. Raises KeyDestroyed, KeyMissing, or Tampered."""
        key = self._cached.get((account_id, purpose))
        if key is None or key.until < self._clock():
            key = self._fetch(account_id, purpose, issue=False)
        if sealed[:1] != FORMAT or len(sealed) < SHORTEST:
            raise Tampered(f"not a sealed value: {context}")
        try:
            return key.decrypt(sealed[1:13], sealed[13:], f"{account_id}|{purpose}|{context}".encode())
        except InvalidTag:
            raise Tampered(f"does not open in its place: {context}") from None

    def derive(self, account_id: str, purpose: str, info: bytes, salt: bytes = b"") -> bytes:
        """32 bytes that depend on the key and on `info` (HKDF-SHA256), issuing the key at first use."""
        key = self._cached.get((account_id, purpose))
        if key is None or key.until < self._clock():
            key = self._fetch(account_id, purpose, issue=True)
        return HKDF(hashes.SHA256(), 32, salt or None, b"nexoraz|" + info).derive(key.raw)

    def keyed_hash(self, purpose: str, value: str, account_id: str = SYSTEM) -> str:
        """HMAC-SHA256 as 64 hex digits, for look-ups. A system key never changes; an account's dies with it."""
        key = self._cached.get((account_id, f"hash.{purpose}"))
        if key is None or key.until < self._clock():
            key = self._fetch(account_id, f"hash.{purpose}", issue=True)
        return hmac.digest(key.raw, value.encode(), "sha256").hex()

    def confirm(self, account_id: str, purpose: str) -> None:
        """Read the key's state past the cache. Raises KeyDestroyed when the account is closed."""
        self._cache.forget(account_id)
        self._fetch(account_id, purpose, issue=False)

    def close(self, account_id: str) -> datetime:
        """Refuse every later issue to the account; its keys stay, and are usable within the caches' bound."""
        _refuse_system(account_id)
        with self.engine.begin() as connection:
            at = key_rows.close(connection, account_id)
        self._cache.closed(account_id)
        return at

    def destroy(self, account_id: str) -> Destruction:
        """Close the account and delete its keys. A second call tells the facts of the first."""
        _refuse_system(account_id)
        with self.engine.begin() as connection:
            key_rows.close(connection, account_id)
            done = key_rows.destruction(connection, account_id) or key_rows.delete_keys(connection, account_id)
        self._cache.closed(account_id)
        return done

    def destroyed_since(self, at: datetime) -> list[str]:
        """The accounts whose keys were destroyed at that moment or later. Reads the whole table."""
        with self.engine.connect() as connection:
            return list(connection.scalars(select(accounts.c.account_id).where(accounts.c.destroyed_at >= at)))

    def destroy_purpose(self, account_id: str, purpose: str) -> bool:
        """Destroy the key of one purpose for good; other purposes stay. False when there was none."""
        gone = (
            update(keys)
            .where(keys.c.account_id == account_id, keys.c.purpose == purpose, keys.c.wrapped.is_not(None))
            .values(wrapped=None)
        )
        with self.engine.begin() as connection:
            count = connection.execute(gone).rowcount
        self._cache.forget(account_id)
        return count == 1

    def epochs(self) -> list[Epoch]:
        """Every epoch that there was, oldest first."""
        with self.engine.connect() as connection:
            return [Epoch(*row) for row in connection.execute(select(epochs).order_by(epochs.c.epoch))]

    def ping(self) -> None:
        """Raises when the vault's database does not answer."""
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def _fetch(self, account_id: str, purpose: str, issue: bool) -> CachedKey:
        if self._cache.is_closed(account_id):
            raise AccountClosed(account_id)
        if "|" in account_id or "|" in purpose:
            raise ValueError("account ids and purposes hold no '|'")
        read_at = self._clock()
        try:
            raw = self._read(account_id, purpose, issue)
        except EpochDestroyed:  # a rotation ended between reading the row and unwrapping it
            raw = self._read(account_id, purpose, issue)
        except AccountClosed:
            self._cache.closed(account_id)
            raise
        return self._cache.put(account_id, purpose, raw, read_at)

    def _read(self, account_id: str, purpose: str, issue: bool) -> bytes:
        with self.engine.begin() as connection:
            found = key_rows.find(connection, account_id, purpose)
            if found is None and not issue:
                raise KeyMissing(account_id, purpose)
            epoch, wrapped = found or key_rows.issue(connection, self.kek, account_id, purpose)
        return self.kek.unwrap(epoch, wrapped, key_rows.binding(account_id, purpose))


def _refuse_system(account_id: str) -> None:
    if account_id == SYSTEM:
        raise ValueError("system keys are not an account's")
