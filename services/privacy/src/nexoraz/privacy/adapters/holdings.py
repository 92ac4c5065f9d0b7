"""Where privacy holds what about an account: the declarations behind erasure, export and the data map.

A request's own record stays after an erasure, because it is the proof of it, but then it says no longer whose it was.
"""

from typing import Any

from nexoraz.events.access import access_holdings
from nexoraz.events.declarations import Holding, ObjectHolding, TableHolding, Unlinked
from nexoraz.events.objects import Objects
from nexoraz.privacy.adapters.archive_store import ARCHIVES, PARTS
from nexoraz.privacy.projections import tables as t

EXPORT = "export-archive"


def _request(row: dict[str, Any]) -> dict[str, Any]:
    return {"request_id": row["request_id"], "type": row["type"], "received_at": row["received_at"]}


def held(objects: Objects) -> list[Holding]:
    """The holdings of this service."""
    return [
        TableHolding(t.ACCOUNT_REQUESTS, "user.account", present=_request),
        TableHolding(
            t.EXPORT_KEYS,
            "user.authorization.credentials",
            retention=EXPORT,
            present=None,
            reason="opens the parts of an export that is being made",
            transient=True,
        ),
        TableHolding(
            t.ARCHIVES,
            "user",
            retention=EXPORT,
            present=None,
            reason="where an earlier export can be downloaded",
            transient=True,
        ),
        ObjectHolding(objects, PARTS, retention=EXPORT, exported=False, reason="parts of an export being made"),
        ObjectHolding(objects, ARCHIVES, retention=EXPORT, exported=False, reason="an earlier export, not new data"),
        *access_holdings(t.IDEMPOTENCY, t.AUTH.revocations),
        Unlinked(t.REQUESTS, "what became of a request; whose it was is said in account_requests only"),
        Unlinked(t.REQUEST_TOKENS, "keyed hashes of random tokens that open one request"),
        Unlinked(t.CERTIFICATES, "the proof of an erasure: pseudonymous, signed, and kept", searched=False),
    ]
