"""The tables that the chassis keeps in a service's own database, and what each column holds.

Every column says what it holds by a word in `info["data"]`, which the data map of the service understands.
"""

from dataclasses import dataclass

from sqlalchemy import Column, DateTime, Double, Integer, LargeBinary, MetaData, SmallInteger, String, Table
from sqlalchemy.dialects.postgresql import JSONB

PSEUDONYM, OPERATIONAL, SEALED = "pseudonym", "operational", "sealed"
"""An id without meaning elsewhere; a fact about no one; a personal value under the account's key."""


@dataclass(frozen=True, slots=True)
class AuthTables:
    """The keys that tokens are verified with, and the sessions and accounts whose tokens are refused."""

    verification_keys: Table
    revocations: Table


def auth_tables(metadata: MetaData) -> AuthTables:
    """Declare both tables in `metadata`."""
    keys = Table(
        "verification_keys",
        metadata,
        Column("kid", String(128), primary_key=True, info={"data": OPERATIONAL}),
        Column("jwk", JSONB, nullable=False, info={"data": OPERATIONAL}),
        Column("not_after", DateTime(timezone=True), nullable=False, info={"data": OPERATIONAL}),
    )
    revocations = Table(
        "revocations",
        metadata,
        Column("subject", String(64), primary_key=True, info={"data": PSEUDONYM}),
        Column("issued_until", DateTime(timezone=True), nullable=True, info={"data": OPERATIONAL}),
        Column("at", DateTime(timezone=True), nullable=False, info={"data": OPERATIONAL}),
    )
    return AuthTables(keys, revocations)


def idempotency_table(metadata: MetaData) -> Table:
    """Declare `idempotency_keys`. Hashes are keyed and answers sealed: the row tells nothing in plaintext."""
    return Table(
        "idempotency_keys",
        metadata,
        Column("account_id", String(64), primary_key=True, info={"data": PSEUDONYM}),
        Column("route", String(200), primary_key=True, info={"data": OPERATIONAL}),
        Column("key_hash", LargeBinary, primary_key=True, info={"data": PSEUDONYM}),
        Column("fingerprint", LargeBinary, nullable=False, info={"data": PSEUDONYM}),
        Column("status", SmallInteger, nullable=False, info={"data": OPERATIONAL}),
        Column("answer", LargeBinary, nullable=False, info={"data": SEALED}),
        Column("created_at", DateTime(timezone=True), nullable=False, index=True, info={"data": OPERATIONAL}),
    )


def allowances_table(metadata: MetaData) -> Table:
    """Declare `allowances`: how much of its window a subject has taken. Subjects are keyed hashes of accounts and
    addresses; `ends_at` is in Unix seconds."""
    return Table(
        "allowances",
        metadata,
        Column("subject", LargeBinary, primary_key=True, info={"data": PSEUDONYM}),
        Column("taken", Integer, nullable=False, info={"data": OPERATIONAL}),
        Column("ends_at", Double, nullable=False, index=True, info={"data": OPERATIONAL}),
    )
