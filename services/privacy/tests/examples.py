"""Named valid messages. Tests vary them with `replace`; the contract tests use them as samples of every contract."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from nexoraz.privacy.domain import commands as c
from nexoraz.privacy.domain import events as e
from nexoraz.privacy.domain.consent import ConsentPurpose, DecideConsent
from nexoraz.privacy.domain.vocabulary import (
    Answer,
    Archive,
    ExtensionReason,
    Notice,
    Part,
    PartFile,
    Receipt,
    ReceiptLine,
    RefusalReason,
    RequestType,
    Scan,
    ScanLine,
    State,
)

ACCOUNT = "5e1f2a9c-0000-4000-8000-000000000001"
RECEIPT = "5e1f2a9c-0000-4000-8000-0000000000bb"
OPERATOR = "5e1f2a9c-0000-4000-8000-0000000000ff"
REQUEST = "5e1f2a9c-0000-4000-8000-0000000000aa"
NOW = datetime(2025, 11, 3, 10, 0, tzinfo=UTC)
GRACE = timedelta(hours=72)
OTHERS = ("assets", "billing", "privacy", "render")
FIVE = frozenset({"identity", *OTHERS})
DEADLINE = datetime(2025, 12, 4, tzinfo=UTC)
EXTENDED = datetime(2026, 2, 4, tzinfo=UTC)
PUBLIC_KEY = "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

ask_erasure = c.SubmitRequest(
    request_id=REQUEST,
    account_id=ACCOUNT,
    type=RequestType.ERASURE,
    authenticated_at=NOW - timedelta(minutes=2),
    immediate=True,
    grace=GRACE,
    policy_version="2025-10-15",
    being_erased_by="",
    at=NOW,
)
ask_correction = replace(ask_erasure, type=RequestType.CORRECTION, about="country")
ask_objection = replace(ask_erasure, type=RequestType.OBJECTION, about="training")
extend = c.ExtendDeadline(ExtensionReason.COMPLEXITY, NOW)
refuse = c.RefuseRequest(RefusalReason.EXCESSIVE, NOW)
answer = c.AnswerCorrection(NOW)
retry = c.RetryRequest("", NOW)
allow_analytics = DecideConsent(
    account_id=ACCOUNT,
    purpose=ConsentPurpose.ANALYTICS,
    given=True,
    signalled=False,
    policy_version="2025-10-15",
    receipt_id=RECEIPT,
    at=NOW,
)
run = c.RunRequest(announced=FIVE, required=FIVE, public_key="", at=NOW)

received = e.RequestReceived(REQUEST, ACCOUNT, RequestType.ERASURE, NOW, DEADLINE, "2025-10-15")
access_received = e.RequestReceived(REQUEST, ACCOUNT, RequestType.ACCESS, NOW, DEADLINE, "2025-10-15")
correction_received = e.RequestReceived(
    REQUEST, ACCOUNT, RequestType.CORRECTION, NOW, DEADLINE, "2025-10-15", "country"
)
verified = e.RequestVerified(NOW - timedelta(minutes=2), NOW)
in_grace = e.GraceStarted(NOW + GRACE, NOW)
waived = e.GraceWaived(NOW)
deadline_extended = e.DeadlineExtended(REQUEST, ExtensionReason.COMPLEXITY, EXTENDED, NOW)
started_alone = e.RequestStarted((), (), NOW)
withdrawn = e.RequestWithdrawn(REQUEST, RequestType.ERASURE, NOW)
started = e.RequestStarted(tuple(sorted(FIVE)), (), NOW)
others_asked = e.ErasureAsked(REQUEST, ACCOUNT, OTHERS, NOW)
identity_asked = e.ErasureAsked(REQUEST, ACCOUNT, ("identity",), NOW)
scan_asked = e.ScanAsked(REQUEST, ACCOUNT, tuple(sorted(FIVE)), NOW)
proven = e.ErasureProven(NOW)
completed = e.RequestCompleted(REQUEST, RequestType.ERASURE, State.COMPLETED, 1, DIGEST, NOW)
export_asked = e.ExportAsked(REQUEST, ACCOUNT, PUBLIC_KEY, tuple(sorted(FIVE)), NOW)
collected = e.PartsCollected(NOW)
archive = Archive(size=4_096, entries=12, expires_at=NOW + timedelta(days=7))
assembled = e.ArchiveAssembled(archive, NOW)
access_completed = e.RequestCompleted(REQUEST, RequestType.ACCESS, State.COMPLETED, 0, "", NOW)
announced = e.ParticipantAnnounced("assets", DIGEST, "[]", NOW)


def notice(type_: RequestType, notice: Notice, reason: str = "", until: str = "") -> e.NoticeGiven:
    return e.NoticeGiven(REQUEST, ACCOUNT, type_, notice, reason, until, NOW)


def receipt(participant: str, outcome: str = Answer.ERASED, retained: int = 0) -> Receipt:
    """A receipt of three erased records, and of `retained` kept ones."""
    basis = "tax law" if retained else ""
    until = "2036-01-01" if retained else ""
    line = ReceiptLine("user.contact", f"{participant}.rows", 3 + retained, 3, retained, 0, basis, until)
    times = ("2025-11-03T10:00:01Z", 2, "2025-11-03T10:00:02Z")
    return Receipt(participant, outcome, (line,), *times, key_epoch=1, key_digest=DIGEST, bus_purged=4)


def scan(participant: str, residue: int = 0) -> Scan:
    return Scan(participant, residue, (ScanLine(f"{participant}.rows", residue),))


def part(participant: str) -> Part:
    return Part(participant, (PartFile("0", DIGEST, 512),), 3)


def take_receipt(participant: str, outcome: str = Answer.ERASED, message: str = "", retained: int = 0) -> c.TakeReceipt:
    return c.TakeReceipt(message or f"receipt-{participant}", receipt(participant, outcome, retained), NOW)


def take_scan(participant: str, residue: int = 0, message: str = "") -> c.TakeScan:
    return c.TakeScan(message or f"scan-{participant}", scan(participant, residue), NOW)


def take_part(participant: str) -> c.TakePart:
    return c.TakePart(f"part-{participant}", part(participant), NOW)


def receipt_taken(
    participant: str, outcome: str = Answer.ERASED, message: str = "", retained: int = 0
) -> e.ReceiptTaken:
    taken = take_receipt(participant, outcome, message, retained)
    return e.ReceiptTaken(taken.message_id, taken.receipt, NOW)


def scan_taken(participant: str, residue: int = 0, message: str = "") -> e.ScanTaken:
    taken = take_scan(participant, residue, message)
    return e.ScanTaken(taken.message_id, taken.scan, NOW)


def part_taken(participant: str) -> e.PartTaken:
    taken = take_part(participant)
    return e.PartTaken(taken.message_id, taken.part, NOW)


CORRECTING = (correction_received, verified, started_alone)
RUNNING = (received, verified, waived, started, others_asked)
OTHERS_DONE = (*RUNNING, *map(receipt_taken, OTHERS), identity_asked)
SCANNING = (*OTHERS_DONE, receipt_taken("identity"), scan_asked)
PROVEN = (*SCANNING, *map(scan_taken, sorted(FIVE)), proven)
COLLECTING = (access_received, verified, started, export_asked)
COLLECTED = (*COLLECTING, *map(part_taken, sorted(FIVE)), collected)
DELIVERED = (*COLLECTED, assembled, access_completed)
