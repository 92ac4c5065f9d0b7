"""Verification keys and revocations in the service's own database, as the handlers of identity's events keep them."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from joserfc.jwk import OKPKey
from sqlalchemy import Engine, select

from nexoraz.service.connections import AnyAsyncConnection, AnyConnection, run, run_async
from nexoraz.service.tables import AuthTables
from nexoraz.service.tokens import public_key

KEYS_KEPT = 30.0
"""Seconds after which a process reads the keys again: the bound within which a forgotten key stops working."""
_LOOK_AGAIN = 1.0
"""Seconds between two readings caused by an unknown key id, so that invented ids cannot load the database."""

_REMEMBER = """
insert into verification_keys (kid, jwk, not_after) values (%(kid)s, %(jwk)s::jsonb, %(not_after)s)
on conflict (kid) do update set jwk = excluded.jwk, not_after = excluded.not_after"""
_FORGET = "delete from verification_keys where kid = %(kid)s"
_REVOKE = """
insert into revocations as r (subject, issued_until, at) values (%(subject)s, %(issued_until)s, now())
on conflict (subject) do update set at = excluded.at, issued_until =
  case when r.issued_until is null or excluded.issued_until is null then null
       else greatest(r.issued_until, excluded.issued_until) end"""


def remember_key(conn: AnyConnection, kid: str, jwk: Mapping[str, Any], not_after: datetime) -> None:
    """Trust tokens signed with this key until `not_after`. Repeating it changes nothing. Raises ValueError."""
    run(conn, _REMEMBER, _key(kid, jwk, not_after))


async def remember_key_async(conn: AnyAsyncConnection, kid: str, jwk: Mapping[str, Any], not_after: datetime) -> None:
    """`remember_key` for worker processes."""
    await run_async(conn, _REMEMBER, _key(kid, jwk, not_after))


def _key(kid: str, jwk: Mapping[str, Any], not_after: datetime) -> dict[str, Any]:
    public_key(jwk)
    return {"kid": kid, "jwk": msgspec.json.encode(jwk).decode(), "not_after": not_after}


def forget_key(conn: AnyConnection, kid: str) -> None:
    """Stop trusting a key; processes follow within KEYS_KEPT seconds."""
    run(conn, _FORGET, {"kid": kid})


async def forget_key_async(conn: AnyAsyncConnection, kid: str) -> None:
    """`forget_key` for worker processes."""
    await run_async(conn, _FORGET, {"kid": kid})


def revoke(conn: AnyConnection, subject: str, issued_until: datetime | None = None) -> None:
    """Refuse tokens of a session or account from the commit on.

    subject: a session id, or an account id. issued_until: refuse tokens issued until then (to sign out
    everywhere); None refuses them all, as erasure does, and no later call weakens it.
    """
    run(conn, _REVOKE, {"subject": subject, "issued_until": issued_until})


async def revoke_async(conn: AnyAsyncConnection, subject: str, issued_until: datetime | None = None) -> None:
    """`revoke` for worker processes."""
    await run_async(conn, _REVOKE, {"subject": subject, "issued_until": issued_until})


class VerificationKeys:
    """The keys as the web process sees them, read again after KEYS_KEPT seconds."""

    def __init__(self, engine: Engine, tables: AuthTables, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._tables = tables
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[str, tuple[OKPKey, float]] = {}
        self._read_at = float("-inf")

    def find(self, kid: str) -> OKPKey | None:
        """The key, unless it is unknown or past its `not_after`."""
        now = self._clock()
        if now - self._read_at > KEYS_KEPT or (kid not in self._keys and now - self._read_at > _LOOK_AGAIN):
            self._read(now)
        key, not_after = self._keys.get(kid, (None, 0.0))
        return key if now < not_after else None

    def _read(self, now: float) -> None:
        with self._lock:
            if now <= self._read_at:
                return  # another thread read them while this one waited
            table = self._tables.verification_keys
            with self._engine.connect() as conn:
                rows = conn.execute(select(table.c.kid, table.c.jwk, table.c.not_after)).all()
            self._keys = {row.kid: (public_key(row.jwk), row.not_after.timestamp()) for row in rows}
            self._read_at = now
