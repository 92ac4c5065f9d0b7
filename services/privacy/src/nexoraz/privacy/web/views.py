"""How a request is shown: its state as a document, its history as live events."""

from datetime import datetime
from typing import Any

import msgspec

from nexoraz.events.event import Event
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.privacy.application.handling import Handling
from nexoraz.privacy.domain import events as e
from nexoraz.privacy.domain.attention import concerns, waiting_for
from nexoraz.privacy.domain.state import Request
from nexoraz.privacy.projections.accesses import accesses_of_request
from nexoraz.privacy.projections.export_progress import progress_of_export

ROOT = "/v1/privacy/requests"
Shown = dict[str, Any]


def request_view(state: Request, now: datetime, tx: Transaction) -> Shown:
    """The request with everything that is known of it."""
    return {
        "id": state.id,
        "type": state.type.value,
        "state": state.state.value,
        "received_at": state.received_at,
        "deadline_at": state.deadline_at,
        "grace_until": state.grace_until,
        "started_at": state.started_at,
        "ended_at": state.ended_at,
        "participants": [_participant(state, name) for name in state.participants],
        "waiting_for": list(waiting_for(state)),
        "attention": [msgspec.to_builtins(concern) for concern in concerns(state, now)],
        "denial": state.denial or None,
        "certificate": _certificate(state),
        "archive": _archive(state, now),
        "about": state.about or None,
        "extension": state.extension or None,
        "words": Handling.words_of(tx, state),
        "progress": progress_of_export(connection_of(tx), state.id) if state.running else [],
        "accesses": accesses_of_request(connection_of(tx), state.id),
    }


def _participant(state: Request, name: str) -> Shown:
    receipt, scan, part = state.receipts.get(name), state.scans.get(name), state.parts.get(name)
    answer = receipt.outcome if receipt else "written" if part else None
    return {
        "name": name,
        "answer": answer,
        "residue": scan.residue if scan else None,
        "records": part.records if part else None,
        "lines": [msgspec.to_builtins(line) for line in receipt.lines] if receipt else [],
    }


def _certificate(state: Request) -> Shown | None:
    if not state.certificate_number:
        return None
    href = f"{ROOT}/{state.id}/certificate"
    return {"number": state.certificate_number, "sha256": state.certificate_sha256, "href": href}


def _archive(state: Request, now: datetime) -> Shown | None:
    archive = state.archive
    if archive is None or state.archive_erased or now >= archive.expires_at:
        return None
    shown: Shown = msgspec.structs.asdict(archive)
    return shown | {"href": f"{ROOT}/{state.id}/archive"}


def live_event(event: Event) -> tuple[str, Shown] | None:
    """Name and data of an event as people may see it; None for what says nothing to them."""
    data: Shown = msgspec.to_builtins(event)
    for hidden in ("account_id", "message_id", "public_key", "policy_version"):
        data.pop(hidden, None)
    match event:
        case e.ReceiptTaken():
            return "receipt", {**data["receipt"], "at": data["at"]}
        case e.ScanTaken():
            return "scan", {**data["scan"], "at": data["at"]}
        case e.PartTaken(part=part):
            return "part", {"participant": part.participant, "records": part.records, "at": data["at"]}
        case e.ArchiveAssembled():
            return "archive", {**data["archive"], "at": data["at"]}
        case _:
            name = NAMES.get(type(event))
            return (name, data) if name else None


NAMES: dict[type[Event], str] = {
    e.RequestReceived: "received",
    e.RequestVerified: "verified",
    e.GraceStarted: "grace",
    e.GraceWaived: "grace-waived",
    e.RequestWithdrawn: "withdrawn",
    e.RequestStarted: "started",
    e.ErasureAsked: "erasure-asked",
    e.ScanAsked: "scan-asked",
    e.ErasureProven: "proven",
    e.ExportAsked: "export-asked",
    e.PartsCollected: "collected",
    e.DeadlineExtended: "deadline-extended",
    e.ObjectionRecorded: "objection-recorded",
    e.ArchiveErased: "archive-erased",
    e.RequestCompleted: "completed",
    e.RequestDenied: "denied",
}


def is_last(event: Event) -> bool:
    """Whether the request ended with this event."""
    return isinstance(event, e.RequestCompleted | e.RequestDenied | e.RequestWithdrawn)
