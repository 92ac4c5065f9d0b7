"""What happens to a request. Private to this service; `adapters/published.py` says what others learn of it.

The history of a request outlives the person's data, so no field here is personal: ids, counts, times, states.
"""

from datetime import datetime

from nexoraz.events.classification import Fact, Id
from nexoraz.events.event import Event
from nexoraz.privacy.domain.vocabulary import (
    Archive,
    ExtensionReason,
    Notice,
    Part,
    Receipt,
    RequestType,
    Scan,
    State,
)


class RequestReceived(Event, frozen=True):
    """A person asked. `deadline_at`: when the law wants it done (deadline.py). about: which field is to be
    corrected, or which purpose is objected to; "" for other types."""

    request_id: Id
    account_id: Id
    type: Fact[RequestType]
    at: Fact[datetime]
    deadline_at: Fact[datetime]
    policy_version: Fact[str]
    about: Fact[str] = ""


class RequestVerified(Event, frozen=True):
    """The person proved to be who they are by a sign-in shortly before."""

    authenticated_at: Fact[datetime]
    at: Fact[datetime]


class GraceStarted(Event, frozen=True):
    """Nothing is erased before `until`; the person may withdraw until then."""

    until: Fact[datetime]
    at: Fact[datetime]


class GraceWaived(Event, frozen=True):
    """The person asked for the erasure at once."""

    at: Fact[datetime]


class RequestWithdrawn(Event, frozen=True):
    """The person took the request back while it was in grace."""

    request_id: Id
    type: Fact[RequestType]
    at: Fact[datetime]


class RequestStarted(Event, frozen=True):
    """The set of participants is fixed: all that had announced themselves, and all that are required anyway."""

    participants: Fact[tuple[str, ...]]
    unannounced: Fact[tuple[str, ...]]
    at: Fact[datetime]


class RequestRecalled(Event, frozen=True):
    """A backup had lost the request, or its end; the ledger of erasures remembers it (decision 0030)."""

    at: Fact[datetime]


class ErasureAsked(Event, frozen=True):
    """The named participants are asked to erase the account."""

    request_id: Id
    account_id: Id
    participants: Fact[tuple[str, ...]]
    at: Fact[datetime]


class ReceiptTaken(Event, frozen=True):
    """A participant answered. It replaces what the same participant answered before, and its scan."""

    message_id: Id
    receipt: Fact[Receipt]
    at: Fact[datetime]


class ScanAsked(Event, frozen=True):
    """The named participants are asked to read all their stores again and say what is left."""

    request_id: Id
    account_id: Id
    participants: Fact[tuple[str, ...]]
    at: Fact[datetime]


class ScanTaken(Event, frozen=True):
    """A participant said what its stores still hold."""

    message_id: Id
    scan: Fact[Scan]
    at: Fact[datetime]


class ErasureProven(Event, frozen=True):
    """Every receipt counts as done and every scan found nothing: what is missing is the certificate."""

    at: Fact[datetime]


class ExportAsked(Event, frozen=True):
    """The named participants are asked to write their parts, sealed to `public_key` (X25519, base64url)."""

    request_id: Id
    account_id: Id
    public_key: Fact[str]
    participants: Fact[tuple[str, ...]]
    at: Fact[datetime]


class PartTaken(Event, frozen=True):
    """A participant wrote its part."""

    message_id: Id
    part: Fact[Part]
    at: Fact[datetime]


class PartsCollected(Event, frozen=True):
    """Every participant's part is there: the archive can be assembled."""

    at: Fact[datetime]


class ArchiveAssembled(Event, frozen=True):
    """The archive can be downloaded until it expires."""

    archive: Fact[Archive]
    at: Fact[datetime]


class ArchiveErased(Event, frozen=True):
    """The archive, its parts and its keys are gone."""

    at: Fact[datetime]


class RequestCompleted(Event, frozen=True):
    """The request ended well. An erasure names the certificate (number in the chain, sha256 of the file)."""

    request_id: Id
    type: Fact[RequestType]
    outcome: Fact[State]
    certificate_number: Fact[int]
    certificate_sha256: Fact[str]
    at: Fact[datetime]


class RequestDenied(Event, frozen=True):
    """The request ended without being done; `reason` is told to the person."""

    request_id: Id
    type: Fact[RequestType]
    reason: Fact[str]
    at: Fact[datetime]


class DeadlineExtended(Event, frozen=True):
    """The request may take until then; the person is told why."""

    request_id: Id
    reason: Fact[ExtensionReason]
    until: Fact[datetime]
    at: Fact[datetime]


class NoticeGiven(Event, frozen=True):
    """The person is to be told by mail. reason: a word of ours, "" for none; until: ISO 8601, "" for none."""

    request_id: Id
    account_id: Id
    type: Fact[RequestType]
    notice: Fact[Notice]
    reason: Fact[str]
    until: Fact[str]
    at: Fact[datetime]


class ObjectionRecorded(Event, frozen=True):
    """The person objects to that purpose from now on (GDPR Art. 21)."""

    request_id: Id
    account_id: Id
    purpose: Fact[str]
    at: Fact[datetime]


class ParticipantAnnounced(Event, frozen=True):
    """A service said that it takes part, with the data map that its code declares (JSON text)."""

    participant: Fact[str]
    data_map_hash: Fact[str]
    data_map: Fact[str]
    at: Fact[datetime]


class KeyEpochEnded(Event, frozen=True):
    """A participant destroyed the key-encryption keys of its epochs up to this one. Times as it wrote them."""

    participant: Fact[str]
    epoch: Fact[int]
    destroyed_at: Fact[str]
    attested_at: Fact[str]
    at: Fact[datetime]


class RetentionNoted(Event, frozen=True):
    """A participant said that a retention rule ended so many records of a store. applied_at: as it wrote it."""

    participant: Fact[str]
    rule: Fact[str]
    store: Fact[str]
    action: Fact[str]
    records: Fact[int]
    applied_at: Fact[str]


REQUEST_EVENTS: tuple[type[Event], ...] = (
    RequestReceived, RequestVerified, GraceStarted, GraceWaived, RequestWithdrawn, RequestRecalled, RequestStarted,
    ErasureAsked, ReceiptTaken, ScanAsked, ScanTaken, ErasureProven,
    ExportAsked, PartTaken, PartsCollected, ArchiveAssembled, ArchiveErased,
    DeadlineExtended, NoticeGiven, ObjectionRecorded, RequestCompleted, RequestDenied,
)  # fmt: skip
"""In the order in which a request may meet them."""
