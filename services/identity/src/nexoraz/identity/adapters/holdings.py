"""Where identity holds what about an account, and for how long: behind erasure, export and the data map."""

from collections.abc import Callable, Sequence
from typing import Any

from nexoraz.events.access import access_holdings
from nexoraz.events.declarations import Holding, TableHolding, Unlinked
from nexoraz.identity.adapters.schema import IdentityTables


def held(tables: IdentityTables) -> Sequence[Holding]:
    """One declaration per table."""
    return [
        TableHolding(tables.accounts, category="user.account", present=_account),
        TableHolding(tables.standings, category="user.account", present=_only("plan", "credits")),
        TableHolding(tables.operators, category="user.account", present=_only("granted_at")),
        TableHolding(
            tables.sessions,
            category="user.device",
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
            tables.mails,
            category="user.contact.email",
            retention="until-sent",
            present=_only("kind", "created_at"),
            withheld={"message": "it may carry a one-time token that is still on its way to the person"},
            transient=True,
        ),
        TableHolding(
            tables.sent_mails,
            category="user.contact.email",
            present=_only("id", "kind", "outcome", "settled_at"),
        ),
        *access_holdings(tables.idempotency, tables.auth.revocations, tables.allowances),
        Unlinked(tables.throttles, "keyed hashes of attempts, gone when their window ends, at most after a day"),
        Unlinked(tables.suppressions, "keyed hashes of addresses that said stop, so that none is mailed again"),
        Unlinked(tables.challenges, "keyed hashes of random values, gone when they come back or after an hour"),
        Unlinked(tables.private_keys, "the service's own signing keys"),
        Unlinked(tables.auth.verification_keys, "the service's own signing keys"),
    ]


def _account(row: dict[str, Any]) -> dict[str, Any]:
    return {"id": row["account_id"], "verified": row["verified_by"] != ""}


def _only(*names: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def present(row: dict[str, Any]) -> dict[str, Any]:
        return {name: row[name] for name in names}

    return present
