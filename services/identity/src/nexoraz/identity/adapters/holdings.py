"""Where identity holds what about an account, and for how long: behind erasure, export and the data map."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, DateTime, cast, func, select

from nexoraz.events.access import access_holdings
from nexoraz.events.declarations import Holding, TableHolding, Unlinked
from nexoraz.events.rules import CONTRACT, SECURITY, Rule, Term
from nexoraz.identity.adapters.schema import IdentityTables
from nexoraz.identity.application.usage import KEPT
from nexoraz.identity.domain.session import SESSION_LIFE

UNVERIFIED_TERM = timedelta(days=7)
"""How long an address that nobody confirmed is known; its confirmations end after a day."""
UNSENT_TERM = timedelta(days=7)
"""How long a mail waits for a mail system that refuses it."""

ACCOUNT = Rule(
    "account", "to run the account", CONTRACT,
    "as long as the account; 7 days when nobody confirmed its address", "term",
)  # fmt: skip
SESSION = Rule("session", "to stay signed in", CONTRACT, "until the session ends, at most 30 days", "term")
SESSION_DEVICE = Rule(
    "session-device", "to show where an account is signed in", CONTRACT, "30 days after the sign-in", "term",
    "pseudonymise", after=SESSION_LIFE,
)  # fmt: skip
UNTIL_SENT = Rule("until-sent", "to send a mail", CONTRACT, "until it is sent, at most 7 days", "term")
THROTTLE = Rule("throttle", "to slow down who guesses", SECURITY, "until its window ends, at most a day", "term")
CHALLENGE = Rule("challenge", "to sign in by a passkey", SECURITY, "until it is used, at most ten minutes", "term")
SIGNING_KEYS = Rule("signing-keys", "to sign tokens", SECURITY, "until the key's end", "term")
USAGE = Rule(
    "usage",
    "to learn which features are used",
    "consent (GDPR Art. 6(1)(a))",
    "30 days; after that in totals only",
    "term",
)
RULES = (ACCOUNT, SESSION, SESSION_DEVICE, UNTIL_SENT, THROTTLE, CHALLENGE, SIGNING_KEYS, USAGE)


def _end_of_key(tables: IdentityTables) -> ColumnElement[datetime]:
    """When a private key may sign no more. One that nobody can verify has ended before."""
    public, private = tables.auth.verification_keys, tables.private_keys
    end = select(public.c.not_after).where(public.c.kid == private.c.kid).scalar_subquery()
    return func.coalesce(end, func.to_timestamp(0))


def held(tables: IdentityTables) -> Sequence[Holding]:
    """One declaration per table."""
    return [
        TableHolding(
            tables.accounts,
            category="user.account",
            retention=ACCOUNT.name,
            term=Term(
                tables.accounts.c.registered_at,
                UNVERIFIED_TERM,
                where=tables.accounts.c.verified_by == "",
                whole_account=True,
            ),
            present=_account,
        ),
        TableHolding(tables.standings, category="user.account", present=_only("plan", "credits")),
        TableHolding(tables.operators, category="user.account", present=_only("granted_at")),
        TableHolding(tables.provider_links, category="user.account", present=_only("provider")),
        TableHolding(
            tables.sessions,
            category="user.device",
            retention=SESSION.name,
            term=Term(tables.sessions.c.expires_at),
            transient=True,
            present=_only("id", "device", "network", "country", "created_at", "last_used_at", "expires_at"),
        ),
        TableHolding(
            tables.credentials,
            category="user.authorization.password",
            present=None,
            reason="a hash tells its owner nothing, and whoever steals an export could attack it",
        ),
        TableHolding(
            tables.factor_secrets,
            category="user.authorization.credentials",
            present=_only("factor_id"),
            withheld={"secret": "whoever steals an export could sign in with it"},
        ),
        TableHolding(
            tables.mails,
            category="user.contact.email",
            retention=UNTIL_SENT.name,
            term=Term(tables.mails.c.created_at, UNSENT_TERM),
            present=_only("kind", "created_at"),
            withheld={"message": "it may carry a one-time token that is still on its way to the person"},
            transient=True,
        ),
        TableHolding(
            tables.sent_mails,
            category="user.contact.email",
            present=_only("id", "kind", "outcome", "settled_at"),
        ),
        *access_holdings(tables.idempotency, tables.auth.revocations, tables.allowances, tables.auth.verification_keys),
        Unlinked(
            tables.throttles,
            "keyed hashes of attempts, gone when their window ends, at most after a day",
            retention=THROTTLE.name,
            term=Term(tables.throttles.c.ends_at),
        ),
        TableHolding(tables.analytics_consents, category="user.consent", present=_only("since")),
        TableHolding(
            tables.usage,
            category="user.behavior",
            purpose="analytics",
            retention=USAGE.name,
            term=Term(cast(tables.usage.c.day, DateTime(timezone=True)), KEPT),
            transient=True,
            present=_only("day", "feature", "uses"),
        ),
        Unlinked(tables.suppressions, "keyed hashes of addresses that said stop, so that none is mailed again"),
        Unlinked(
            tables.challenges,
            "keyed hashes of random values, gone when they come back",
            retention=CHALLENGE.name,
            term=Term(tables.challenges.c.expires_at),
        ),
        Unlinked(
            tables.private_keys,
            "the service's own signing keys",
            retention=SIGNING_KEYS.name,
            term=Term(_end_of_key(tables)),
        ),
    ]


def _account(row: dict[str, Any]) -> dict[str, Any]:
    return {"id": row["account_id"], "verified": row["verified_by"] != ""}


def _only(*names: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def present(row: dict[str, Any]) -> dict[str, Any]:
        return {name: row[name] for name in names}

    return present
