"""The keys that a process holds in memory: few, and each for a few seconds only."""

import threading
from collections.abc import Callable
from itertools import islice

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

LONGEST_TTL_S = 10.0
"""What the documentation promises: no process uses a destroyed key for longer."""


class CachedKey:
    """A data key ready for use until a moment of the monotonic clock."""

    __slots__ = ("decrypt", "encrypt", "raw", "until")

    def __init__(self, raw: bytes, until: float) -> None:
        aead = AESGCM(raw)
        self.encrypt: Callable[[bytes, bytes, bytes], bytes] = aead.encrypt
        self.decrypt: Callable[[bytes, bytes, bytes], bytes] = aead.decrypt
        self.raw = raw
        self.until = until


class KeyCache:
    """Keys by (account, purpose), and the accounts that are known to be closed.

    `entries` may be read without the lock: a reader sees an entry or none. Closed is for ever, so it has no term.
    """

    def __init__(self, ttl_s: float, max_keys: int) -> None:
        if not 0 < ttl_s <= LONGEST_TTL_S:
            raise ValueError(f"keys may be cached for at most {LONGEST_TTL_S} s, not {ttl_s}")
        self._ttl_s = ttl_s
        self._max = max_keys
        self._closed: dict[str, None] = {}
        self._sweep_at = 0.0
        self._lock = threading.Lock()
        self.entries: dict[tuple[str, str], CachedKey] = {}

    def put(self, account_id: str, purpose: str, raw: bytes, read_at: float) -> CachedKey:
        """Keep a key. Its term runs from `read_at`, the moment before it was read."""
        key = CachedKey(raw, read_at + self._ttl_s)
        with self._lock:
            if account_id in self._closed:
                return key
            if len(self.entries) >= self._max or self._sweep_at < read_at:
                self._make_room(read_at)
            self.entries[(account_id, purpose)] = key
        return key

    def forget(self, account_id: str) -> None:
        """Drop the account's keys; they are read again when needed."""
        with self._lock:
            for name in [name for name in self.entries if name[0] == account_id]:
                del self.entries[name]

    def closed(self, account_id: str) -> None:
        """Drop the account's keys and refuse them from now on without asking the database."""
        with self._lock:
            self._closed[account_id] = None
            while len(self._closed) > self._max:
                del self._closed[next(iter(self._closed))]
            for name in [name for name in self.entries if name[0] == account_id]:
                del self.entries[name]

    def is_closed(self, account_id: str) -> bool:
        return account_id in self._closed

    def _make_room(self, now: float) -> None:
        self._sweep_at = now + self._ttl_s
        for name in [name for name, key in self.entries.items() if key.until < now]:
            del self.entries[name]
        if len(self.entries) >= self._max:
            for name in list(islice(self.entries, 1 + self._max // 10)):
                del self.entries[name]
