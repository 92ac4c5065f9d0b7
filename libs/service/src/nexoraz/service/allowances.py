"""How often one may ask: so many requests in a window, whichever processes answer them (clause U3).

To count every request in the database would cost each small read a write. So a process borrows a share of what is
left of a window by one statement and gives it out from memory. What is borrowed is gone for the others: all processes
together never admit more than the quota. What one of them has not given out when the window ends is lost, at most
1/SHARES of the quota for each process.

Whoever shows a token of ours counts as their account, everybody else as their address; both are kept as keyed hashes,
until their window has ended. Answers say where one stands by the fields of draft-ietf-httpapi-ratelimit-headers-10.
"""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Engine

from nexoraz.service.connections import run
from nexoraz.service.problems import Problem

SHARES = 50
"""A process borrows this part of a quota at a time."""
SUBJECTS_KEPT = 10_000
"""Per process. Of a subject that is forgotten, the borrowed share is lost."""
_BORROW = """
insert into allowances as a (subject, taken, ends_at) values (%(subject)s, %(share)s, %(ends_at)s)
on conflict (subject) do update set
  taken = case when a.ends_at <= %(now)s then excluded.taken else a.taken + excluded.taken end,
  ends_at = case when a.ends_at <= %(now)s then excluded.ends_at else a.ends_at end
returning taken, ends_at"""


@dataclass(frozen=True, slots=True)
class Quota:
    """`requests` in each window of `window_s` seconds. name: as the answers' headers give it."""

    name: str
    requests: int
    window_s: int = 60

    def times(self, factor: int) -> "Quota":
        return Quota(self.name, self.requests * factor, self.window_s)


ACCOUNT, ADDRESS = Quota("account", 1_200), Quota("address", 600)


@dataclass(frozen=True, slots=True)
class Standing:
    """After a request was counted. left: what may still be asked; resets_s: seconds until the whole quota may be."""

    quota: Quota
    admitted: bool
    left: int
    resets_s: int

    def headers(self) -> list[tuple[str, str]]:
        name, quota = self.quota.name, self.quota
        return [
            ("RateLimit-Policy", f'"{name}";q={quota.requests};w={quota.window_s}'),
            ("RateLimit", f'"{name}";r={self.left};t={self.resets_s}'),
        ]

    def refusal(self) -> Problem:
        title = f"More than {self.quota.requests} requests in {self.quota.window_s} seconds"
        extensions = {"quota": self.quota.name, "retry_after": self.resets_s}
        return Problem("too-many-requests", 429, title, None, extensions, {"Retry-After": str(self.resets_s)})


@dataclass(slots=True)
class _Borrowed:
    share: int
    left_for_others: int
    ends_at: float


class Allowances:
    """What may still be asked. One per process; safe for threads.

    digest: a keyed hash that all processes of the service share. factor: multiplies every quota.
    """

    def __init__(
        self,
        engine: Engine,
        digest: Callable[..., bytes],
        factor: int = 1,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._digest = digest
        self._factor = factor
        self._clock = clock
        self._lock = threading.Lock()
        self._borrowed: OrderedDict[bytes, _Borrowed] = OrderedDict()

    def take(self, quota: Quota, subject: str) -> Standing:
        """Count one request of `subject`. Raises the driver's error when the database cannot be asked."""
        quota, now = quota.times(self._factor), self._clock()
        key = self._digest(b"allowance", quota.name.encode(), subject.encode())
        with self._lock:
            known = self._given(key, now)
        if known is None:
            known = self._borrow(quota, key, now)
            with self._lock:
                known = self._keep(key, known)
        resets = max(1, math.ceil(known.ends_at - now))
        return Standing(quota, known.share >= 0, max(0, known.share) + known.left_for_others, resets)

    def _given(self, key: bytes, now: float) -> _Borrowed | None:
        """One from the borrowed share; where all are known to be taken, that refusal."""
        held = self._borrowed.get(key)
        if held is None or held.ends_at <= now or (held.share <= 0 and held.left_for_others > 0):
            return None
        held.share -= 1
        return _Borrowed(held.share, held.left_for_others, held.ends_at)

    def _keep(self, key: bytes, fresh: _Borrowed) -> _Borrowed:
        """Remember what was borrowed, less the one that is given out now."""
        held = self._borrowed.pop(key, None)
        if held is not None and held.ends_at == fresh.ends_at:
            fresh.share += max(0, held.share)  # another thread borrowed meanwhile: both shares are ours
            fresh.left_for_others = min(fresh.left_for_others, held.left_for_others)
        fresh.share -= 1
        self._borrowed[key] = fresh
        if len(self._borrowed) > SUBJECTS_KEPT:
            self._borrowed.popitem(last=False)
        return _Borrowed(fresh.share, fresh.left_for_others, fresh.ends_at)

    def _borrow(self, quota: Quota, key: bytes, now: float) -> _Borrowed:
        share = max(1, quota.requests // SHARES)
        values = {"subject": key, "share": share, "now": now, "ends_at": now + quota.window_s}
        with self._engine.begin() as connection:
            taken, ends_at = run(connection, _BORROW, values)[0]
        got = min(share, max(0, quota.requests - (taken - share)))
        return _Borrowed(got, max(0, quota.requests - taken), ends_at)


class Hashing(Protocol):
    def digest(self, *parts: bytes) -> bytes:
        """A keyed hash, the same in all processes of the service."""


def allowances_of(engine: Engine, keys: Hashing | None, factor: int) -> Allowances | None:
    """Those of a service; none where it is only described."""
    return Allowances(engine, keys.digest, factor) if keys else None
