"""Where privacy holds what about an account: the declarations behind erasure, export and the data map.

A request's own record stays after an erasure, because it is the proof of it, but then it says no longer whose it was.
"""

from datetime import timedelta
from typing import Any

from nexoraz.events.access import access_holdings
from nexoraz.events.declarations import Holding, ObjectHolding, Retained, TableHolding, Unlinked
from nexoraz.events.objects import Objects
from nexoraz.events.rules import Rule
from nexoraz.privacy.adapters.archive_store import ARCHIVES, PARTS
from nexoraz.privacy.application.follow_ups import DISCARD, ERASE_ARCHIVE
from nexoraz.privacy.application.referrals import FORGET
from nexoraz.privacy.projections import tables as t

RIGHTS = "legal obligation to answer requests (GDPR Art. 15, 20)"
AUDIT_TERM = timedelta(days=3 * 365)
AUDIT_BASIS = "GDPR Art. 5(2), 32: who looked at people's data stays accountable"
EXPORT_WORK = Rule(
    "export-work", "to make an export", RIGHTS, "until the export is made or given up", "work", by=DISCARD
)
EXPORT_ARCHIVE = Rule(
    "export-archive", "to hand an export over", RIGHTS, "until the archive expires", "work", by=ERASE_ARCHIVE
)
AUDIT = Rule("audit", "to know who looked at what", AUDIT_BASIS, "three years after the look", "term")
HOLD_REASON = Rule(
    "hold-reason", "to know why something was held", AUDIT_BASIS, "ten years after the hold was placed", "term",
    "pseudonymise", after=timedelta(days=3653),
)  # fmt: skip
UNTIL_ANSWERED = Rule(
    "until-answered", "to answer who wrote without a sign-in", RIGHTS, "until it is answered, or nobody confirmed it",
    "work",
    by=FORGET,
)  # fmt: skip
RULES = (UNTIL_ANSWERED, EXPORT_WORK, EXPORT_ARCHIVE, AUDIT, HOLD_REASON)


def _request(row: dict[str, Any]) -> dict[str, Any]:
    return {"request_id": row["request_id"], "type": row["type"], "received_at": row["received_at"]}


def _objection(row: dict[str, Any]) -> dict[str, Any]:
    return {"purpose": row["purpose"], "recorded_at": row["recorded_at"]}


def _without_account(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "account_id"}


def _written(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("email", "text", "answer")}


def _access(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("access_id", "action", "purpose", "refused", "at")}


def _own_use(row: dict[str, Any]) -> dict[str, Any]:
    """An operator's own uses of the operators' side; whose request it was is not theirs to take away."""
    return {name: row[name] for name in ("id", "action", "purpose", "refused", "at")}


def held(objects: Objects) -> list[Holding]:
    """The holdings of this service."""
    return [
        TableHolding(t.ACCOUNT_REQUESTS, "user.account", present=_request),
        TableHolding(
            t.EXPORT_KEYS,
            "user.authorization.credentials",
            retention=EXPORT_WORK.name,
            present=None,
            reason="opens the parts of an export that is being made",
            transient=True,
        ),
        TableHolding(
            t.ARCHIVES,
            "user",
            retention=EXPORT_ARCHIVE.name,
            present=None,
            reason="where an earlier export can be downloaded",
            transient=True,
        ),
        ObjectHolding(
            objects, PARTS, retention=EXPORT_WORK.name, exported=False, reason="parts of an export being made"
        ),
        ObjectHolding(
            objects, ARCHIVES, retention=EXPORT_ARCHIVE.name, exported=False, reason="an earlier export, not new data"
        ),
        *access_holdings(t.IDEMPOTENCY, t.AUTH.revocations, t.ALLOWANCES, t.AUTH.verification_keys),
        TableHolding(t.OBJECTIONS, "user.consent", present=_objection),
        TableHolding(t.CONSENTS, "user.consent", present=_without_account),
        TableHolding(t.POLICY_NOTICES, "user.consent", present=_without_account),
        TableHolding(t.ACCOUNT_ACCESSES, "user.behavior", present=_access),
        TableHolding(
            t.OPERATOR_ACCESSES,
            "user.behavior",
            account_column="operator_id",
            purpose="accountability",
            retention=AUDIT.name,
            present=_own_use,
            retained=Retained(AUDIT_BASIS, until=t.OPERATOR_ACCESSES.c.at + AUDIT_TERM),
        ),
        TableHolding(
            t.REFERRAL_CONTENTS,
            "user.content.private",
            retention=UNTIL_ANSWERED.name,
            account_column="referral_id",
            purpose=t.REFERRED,
            present=_written,
        ),
        Unlinked(t.REFERRALS, "what came without a sign-in, and what became of it; whose it is is not known"),
        Unlinked(t.HOLDS, "legal holds; whose they are is a keyed hash"),
        Unlinked(t.REQUESTS, "what became of a request; whose it was is said in account_requests only"),
        Unlinked(t.REQUEST_PARTICIPANTS, "which service was asked about a request and has answered"),
        Unlinked(t.EXPORT_PROGRESS, "how far an export is while it is written; says not whose"),
        Unlinked(t.REQUEST_TOKENS, "keyed hashes of random tokens that open one request"),
        Unlinked(t.CERTIFICATES, "the proof of an erasure: pseudonymous, signed, and kept", searched=False),
        Unlinked(
            t.AMENDMENTS, "what came to be true after a certificate: pseudonymous, signed, and kept", searched=False
        ),
    ]
