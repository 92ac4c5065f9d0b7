"""What an erasure certificate says: the evidence, taken from the request's own history and nothing else.

It holds no personal data, only pseudonymous ids, counts and times, so it may be shown to anyone who doubts.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from nexoraz.events.event import Event
from nexoraz.privacy.domain import events as e
from nexoraz.privacy.domain.canonical import Json
from nexoraz.privacy.domain.request import request
from nexoraz.privacy.domain.state import Request

KIND = "nexoraz-erasure-certificate"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Issue:
    """The facts of issuing. number: place in the chain, from 1. previous_sha256: of the file before, "" for the first.

    key: the public key (JWK, RFC 7517) whose private half signs.
    """

    number: int
    previous_sha256: str
    issued_at: datetime
    issuer: str
    key: Json


def certificate(history: Sequence[Event], issue: Issue) -> Json:
    """The certificate of a proven erasure as a document without floats (canonical.py)."""
    state = request.fold(history)
    return {
        "kind": KIND,
        "format": FORMAT,
        "number": issue.number,
        "previous_sha256": issue.previous_sha256,
        "issued_at": stamp(issue.issued_at),
        "issuer": issue.issuer,
        "key": issue.key,
        "request": _request(history, state),
        "steps": [step for event in history if (step := _step(event)) is not None],
        "participants": [_participant(state, name) for name in state.participants],
        "totals": _totals(state),
    }


def file_digest(raw: bytes) -> str:
    """sha256 (hex) of a certificate's file: what the next one refers to."""
    return hashlib.sha256(raw).hexdigest()


def stamp(at: datetime) -> str:
    """A time as certificates write it: UTC, RFC 3339, with microseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _request(history: Sequence[Event], state: Request) -> Json:
    received = next(event for event in history if isinstance(event, e.RequestReceived))
    return {
        "id": state.id,
        "account_id": state.account_id,
        "type": str(state.type),
        "policy_version": received.policy_version,
        "outcome": str(state.outcome),
    }


def _step(event: Event) -> Json | None:  # noqa: PLR0911 - one return per kind of event
    match event:
        case e.RequestReceived():
            return {"step": "received", "at": stamp(event.at)}
        case e.RequestVerified():
            return {"step": "verified", "at": stamp(event.at)}
        case e.GraceStarted():
            return {"step": "grace-started", "at": stamp(event.at), "until": stamp(event.until)}
        case e.GraceWaived():
            return {"step": "grace-waived", "at": stamp(event.at)}
        case e.RequestRecalled():
            return {"step": "recalled", "at": stamp(event.at)}
        case e.RequestStarted():
            return {"step": "started", "at": stamp(event.at), "participants": list(event.participants)}
        case e.ErasureAsked():
            return {"step": "erasure-asked", "at": stamp(event.at), "participants": list(event.participants)}
        case e.ReceiptTaken():
            return {"step": "receipt-taken", "at": stamp(event.at), "participants": [event.receipt.participant]}
        case e.ScanAsked():
            return {"step": "scan-asked", "at": stamp(event.at), "participants": list(event.participants)}
        case e.ScanTaken():
            return {"step": "scan-taken", "at": stamp(event.at), "participants": [event.scan.participant]}
        case e.ErasureProven():
            return {"step": "proven", "at": stamp(event.at)}
        case _:
            return None


def _participant(state: Request, name: str) -> Json:
    receipt: Json = msgspec.to_builtins(state.receipts[name])
    scan: Json = msgspec.to_builtins(state.scans[name])
    return {**receipt, "scan": {"residue": scan["residue"], "lines": scan["lines"]}}


def _totals(state: Request) -> dict[str, Any]:
    lines = [line for receipt in state.receipts.values() for line in receipt.lines]
    return {
        "erased": sum(line.erased for line in lines),
        "retained": sum(line.retained for line in lines),
        "bus_purged": sum(receipt.bus_purged for receipt in state.receipts.values()),
        "residue": sum(scan.residue for scan in state.scans.values()),
    }
