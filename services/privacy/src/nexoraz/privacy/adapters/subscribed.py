"""What privacy listens to: the same messages of every participant, and identity's keys and sign-outs.

Every participant publishes under its own name, so there is one view per participant and message, made alike.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import TypeVar

import msgspec
from sqlalchemy import func, select

from nexoraz.events.access import access_handlers
from nexoraz.events.consumer import Handler
from nexoraz.events.contracts import Foreign, Received
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.privacy.application.answers import Answers
from nexoraz.privacy.application.policy_changes import PolicyChanges
from nexoraz.privacy.domain.amendment import RecordsErased as Erased
from nexoraz.privacy.domain.events import RetentionNoted
from nexoraz.privacy.domain.policy_change import Channel
from nexoraz.privacy.domain.vocabulary import Part, PartFile, Receipt, ReceiptLine, Scan, ScanLine
from nexoraz.service.auth import remember_key, revoke

F = TypeVar("F", bound=Foreign)
PROGRESS_LOCK = 7_265_902


class ParticipantAnnounced(Foreign, frozen=True):
    participant: str
    data_map_hash: str
    data_map: str


class ErasureReceipted(Foreign, frozen=True):
    request_id: str
    participant: str
    outcome: str
    lines: tuple[ReceiptLine, ...]
    begun_at: str
    keys_destroyed: int
    keys_destroyed_at: str
    key_epoch: int
    key_digest: str
    bus_purged: int


class ResidueScanned(Foreign, frozen=True):
    request_id: str
    participant: str
    residue: int
    lines: tuple[ScanLine, ...]


class ExportPartWritten(Foreign, frozen=True):
    request_id: str
    participant: str
    parts: tuple[PartFile, ...]
    records: int


class KeyEpochDestroyed(Foreign, frozen=True):
    participant: str
    epoch: int
    destroyed_at: str
    attested_at: str


class PolicyChangeMailed(Foreign, frozen=True):
    """told_at: when the mail system took the mail."""

    source = "nexoraz.identity.policy-change-mailed.v1"
    account_id: str
    policy_version: str
    told_at: datetime


class PhotoUploaded(Foreign, frozen=True):
    """Somebody uses the service."""

    source = "nexoraz.assets.photo-uploaded.v1"
    account_id: str


class RecordsErased(Foreign, frozen=True):
    request_id: str
    participant: str
    cause: str
    lines: tuple[ReceiptLine, ...]
    erased_at: str


class RetentionApplied(Foreign, frozen=True):
    participant: str
    rule: str
    store: str
    action: str
    records: int
    applied_at: str


class HoldAnswered(Foreign, frozen=True):
    hold_id: str
    participant: str
    outcome: str
    records: int


MESSAGES: Mapping[type[Foreign], str] = {
    ParticipantAnnounced: "participant-announced.v1",
    ErasureReceipted: "erasure-receipted.v1",
    ResidueScanned: "residue-scanned.v1",
    ExportPartWritten: "export-part-written.v1",
    KeyEpochDestroyed: "key-epoch-destroyed.v1",
    RecordsErased: "records-erased.v1",
    RetentionApplied: "retention-applied.v1",
    HoldAnswered: "hold-answered.v1",
}


@cache
def view_of(service: str, view: type[F]) -> type[F]:
    """The view of that message as this service publishes it."""
    source = f"nexoraz.{service}.{MESSAGES[view]}"
    name = f"{view.__name__}By{service.title()}"
    return msgspec.defstruct(name, [], bases=(view,), namespace={"source": source}, frozen=True)  # type: ignore[return-value]  # a subclass of it


def handlers(answers: Answers, changes: PolicyChanges, participants: Iterable[str]) -> dict[type[Foreign], Handler]:
    """What to do about each message of each participant."""
    own: dict[type[Foreign], Handler] = {
        **access_handlers(remember_key, revoke),
        **_policy_handlers(changes),
    }
    taking = _Taking(answers)
    for service in sorted(participants):
        own[view_of(service, ParticipantAnnounced)] = taking.announcement
        own[view_of(service, ErasureReceipted)] = taking.receipt
        own[view_of(service, ResidueScanned)] = taking.scan
        own[view_of(service, ExportPartWritten)] = taking.part
        own[view_of(service, KeyEpochDestroyed)] = taking.epoch_end
        own[view_of(service, RecordsErased)] = taking.records
        own[view_of(service, RetentionApplied)] = taking.retention
        own[view_of(service, HoldAnswered)] = taking.hold
    return own


def _policy_handlers(changes: PolicyChanges) -> dict[type[Foreign], Handler]:
    def mailed(tx: Transaction, received: Received) -> None:
        said: PolicyChangeMailed = received.data
        if not tx.is_erased(said.account_id):
            changes.tell(tx, said.account_id, said.policy_version, Channel.MAIL, said.told_at)

    def used(tx: Transaction, received: Received) -> None:
        changes.use(tx, received.data.account_id, "photo-uploaded", datetime.fromisoformat(received.time))

    return {PolicyChangeMailed: mailed, PhotoUploaded: used}


class _Taking:
    """Turns messages into what the application takes."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def announcement(self, tx: Transaction, received: Received) -> None:
        said: ParticipantAnnounced = received.data
        self._answers.announce(tx, received.producer, said.participant, said.data_map_hash, said.data_map)

    def receipt(self, tx: Transaction, received: Received) -> None:
        said: ErasureReceipted = received.data
        receipt = Receipt(
            participant=said.participant,
            outcome=said.outcome,
            lines=said.lines,
            begun_at=said.begun_at,
            keys_destroyed=said.keys_destroyed,
            keys_destroyed_at=said.keys_destroyed_at,
            key_epoch=said.key_epoch,
            key_digest=said.key_digest,
            bus_purged=said.bus_purged,
        )
        _in_turn(tx)
        self._answers.receipt(tx, received.producer, str(received.id), said.request_id, receipt)

    def scan(self, tx: Transaction, received: Received) -> None:
        said: ResidueScanned = received.data
        scan = Scan(said.participant, said.residue, said.lines)
        _in_turn(tx)
        self._answers.scan(tx, received.producer, str(received.id), said.request_id, scan)

    def part(self, tx: Transaction, received: Received) -> None:
        said: ExportPartWritten = received.data
        part = Part(said.participant, said.parts, said.records)
        _in_turn(tx)
        self._answers.part(tx, received.producer, str(received.id), said.request_id, part)

    def epoch_end(self, tx: Transaction, received: Received) -> None:
        said: KeyEpochDestroyed = received.data
        self._answers.epoch_ended(
            tx, received.producer, said.participant, said.epoch, said.destroyed_at, said.attested_at
        )

    def records(self, tx: Transaction, received: Received) -> None:
        said: RecordsErased = received.data
        erased = Erased(said.participant, said.lines, said.erased_at)
        self._answers.records_erased(tx, received.producer, said.cause, said.request_id, erased)

    def retention(self, tx: Transaction, received: Received) -> None:
        said: RetentionApplied = received.data
        noted = RetentionNoted(said.participant, said.rule, said.store, said.action, said.records, said.applied_at)
        self._answers.retention_applied(tx, received.producer, str(received.id), noted)

    def hold(self, tx: Transaction, received: Received) -> None:
        said: HoldAnswered = received.data
        self._answers.hold_answered(tx, received.producer, said.participant, said.hold_id, said.outcome, said.records)


def _in_turn(tx: Transaction) -> None:
    """The answers of five services to one request arrive together: taking them in turn is cheaper than conflicts, and
    one lock for all requests cannot deadlock between batches."""
    connection_of(tx).execute(select(func.pg_advisory_xact_lock(PROGRESS_LOCK)))
