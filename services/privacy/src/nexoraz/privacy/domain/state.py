"""The state of one request, folded from its history."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from nexoraz.events.event import Event
from nexoraz.privacy.domain import events as e
from nexoraz.privacy.domain.vocabulary import ACTIVE, Archive, Part, Receipt, RequestType, Scan, State

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `id` is "" before it was received; `state` is what people see.

    asked and scans_asked: participants whose current answer is wanted or there; an answer replaces an earlier one.
    ready_at: since when only the certificate or the archive is missing.
    seen: ids of the messages taken so far, which makes a repetition harmless.
    """

    id: str = ""
    account_id: str = ""
    type: RequestType = RequestType.ACCESS
    state: State = State.GRACE
    received_at: datetime | None = None
    deadline_at: datetime | None = None
    grace_until: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    participants: tuple[str, ...] = ()
    unannounced: tuple[str, ...] = ()
    asked: frozenset[str] = frozenset()
    receipts: Mapping[str, Receipt] = field(default_factory=dict)
    scans_asked: frozenset[str] = frozenset()
    scans: Mapping[str, Scan] = field(default_factory=dict)
    proven: bool = False
    ready_at: datetime | None = None
    parts: Mapping[str, Part] = field(default_factory=dict)
    collected: bool = False
    archive: Archive | None = None
    archive_erased: bool = False
    certificate_number: int = 0
    certificate_sha256: str = ""
    denial: str = ""
    about: str = ""
    extension: str = ""
    public_key: str = ""
    seen: frozenset[str] = frozenset()

    @property
    def active(self) -> bool:
        return bool(self.id) and self.state in ACTIVE

    @property
    def running(self) -> bool:
        return bool(self.id) and self.state is State.RUNNING

    @property
    def missing_receipts(self) -> tuple[str, ...]:
        """Participants without an answer that counts as done."""
        return tuple(p for p in self.participants if p not in self.receipts or not self.receipts[p].done)

    @property
    def missing_scans(self) -> tuple[str, ...]:
        """Participants without a scan that found nothing."""
        return tuple(p for p in self.participants if p not in self.scans or not self.scans[p].clear)

    @property
    def missing_parts(self) -> tuple[str, ...]:
        return tuple(p for p in self.participants if p not in self.parts)

    @property
    def outcome(self) -> State:
        """How an erasure whose receipts are all there ends."""
        retained = any(receipt.retains for receipt in self.receipts.values())
        return State.PARTIALLY_RETAINED if retained else State.COMPLETED


NO_REQUEST = Request()


def evolve(state: Request, event: Event) -> Request:
    """The state after the event; events of other aggregates change nothing."""
    match event:
        case e.RequestReceived():
            return Request(
                id=event.request_id,
                account_id=event.account_id,
                type=event.type,
                received_at=event.at,
                deadline_at=event.deadline_at,
                about=event.about,
            )
        case e.GraceStarted(until=until):
            return replace(state, grace_until=until)
        case e.RequestStarted():
            return replace(
                state,
                state=State.RUNNING,
                participants=event.participants,
                unannounced=event.unannounced,
                started_at=event.at,
            )
        case e.RequestWithdrawn() | e.RequestDenied() | e.RequestCompleted():
            return _ended(state, event)
        case _:
            return _progressed(state, event)


def _progressed(state: Request, event: Event) -> Request:  # noqa: PLR0911 - one return per event
    match event:
        case e.ErasureAsked(participants=names):
            return replace(state, asked=state.asked | set(names))
        case e.ExportAsked(participants=names, public_key=key):
            return replace(state, asked=state.asked | set(names), public_key=key)
        case e.DeadlineExtended(reason=reason, until=until):
            return replace(state, extension=reason, deadline_at=until)
        case e.ScanAsked(participants=names):
            return replace(state, scans_asked=state.scans_asked | set(names))
        case e.ReceiptTaken():
            return _with_receipt(state, event)
        case e.ScanTaken(scan=scan):
            scans = {**state.scans, scan.participant: scan}
            return replace(state, scans=scans, seen=state.seen | {event.message_id})
        case e.ErasureProven():
            return replace(state, proven=True, ready_at=event.at)
        case e.PartTaken(part=part):
            parts = {**state.parts, part.participant: part}
            return replace(state, parts=parts, seen=state.seen | {event.message_id})
        case e.PartsCollected():
            return replace(state, collected=True, ready_at=event.at)
        case e.ArchiveAssembled(archive=archive):
            return replace(state, archive=archive)
        case e.ArchiveErased():
            return replace(state, archive_erased=True)
        case _:
            return state


def _with_receipt(state: Request, event: e.ReceiptTaken) -> Request:
    """A new answer makes the participant's earlier scan meaningless: the stores may have changed since."""
    name = event.receipt.participant
    return replace(
        state,
        receipts={**state.receipts, name: event.receipt},
        scans=_without(state.scans, name),
        scans_asked=state.scans_asked - {name},
        proven=False,
        ready_at=None,
        seen=state.seen | {event.message_id},
    )


def _without(mapping: Mapping[str, V], name: str) -> dict[str, V]:
    return {key: value for key, value in mapping.items() if key != name}


def _ended(state: Request, event: e.RequestWithdrawn | e.RequestDenied | e.RequestCompleted) -> Request:
    match event:
        case e.RequestWithdrawn():
            return replace(state, state=State.WITHDRAWN, ended_at=event.at)
        case e.RequestDenied():
            return replace(state, state=State.DENIED, ended_at=event.at, denial=event.reason)
        case e.RequestCompleted():
            return replace(
                state,
                state=event.outcome,
                ended_at=event.at,
                certificate_number=event.certificate_number,
                certificate_sha256=event.certificate_sha256,
            )
