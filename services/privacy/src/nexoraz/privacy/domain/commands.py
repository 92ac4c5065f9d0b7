"""What can be asked of a request. Time, ids and keys arrive as data, so that decisions are pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from nexoraz.privacy.domain.vocabulary import (
    Archive,
    DenialReason,
    ExtensionReason,
    Part,
    Receipt,
    RefusalReason,
    RequestType,
    Scan,
    State,
)


@dataclass(frozen=True, slots=True)
class SubmitRequest:
    """A signed-in person asks. `authenticated_at`: their last real sign-in, not the renewal of a token.

    being_erased_by: the id of the account's running erasure, or "". about: the field to correct, or the purpose
    objected to.
    """

    request_id: str
    account_id: str
    type: RequestType
    authenticated_at: datetime
    immediate: bool
    grace: timedelta
    policy_version: str
    being_erased_by: str
    at: datetime
    about: str = ""


@dataclass(frozen=True, slots=True)
class WithdrawRequest:
    """The person takes the request back."""

    at: datetime


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Grace is over, or was waived. `public_key`: to which export parts are sealed; "" for an erasure."""

    announced: frozenset[str]
    required: frozenset[str]
    public_key: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TakeReceipt:
    """A participant's receipt came in. `message_id` makes a repetition harmless."""

    message_id: str
    receipt: Receipt
    at: datetime


@dataclass(frozen=True, slots=True)
class TakeScan:
    """A participant's residue scan came in."""

    message_id: str
    scan: Scan
    at: datetime


@dataclass(frozen=True, slots=True)
class TakePart:
    """A participant finished its part of an export."""

    message_id: str
    part: Part
    at: datetime


@dataclass(frozen=True, slots=True)
class CertifyErasure:
    """The certificate is written and signed: `number` in the chain, `sha256` of the file."""

    number: int
    sha256: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DeliverArchive:
    """The archive is stored."""

    archive: Archive
    at: datetime


@dataclass(frozen=True, slots=True)
class EraseArchive:
    """The archive's time is over."""

    at: datetime


@dataclass(frozen=True, slots=True)
class DenyRequest:
    """The request cannot be done."""

    reason: DenialReason
    at: datetime


@dataclass(frozen=True, slots=True)
class RecallErasure:
    """The ledger of erasures knows a request that a restored database does not, or not so far.

    certificate_number: 0 for one that had not ended; then it is asked for again. outcome: of one that had.
    """

    request_id: str
    account_id: str
    received_at: datetime
    policy_version: str
    participants: tuple[str, ...]
    certificate_number: int
    certificate_sha256: str
    outcome: State | None
    at: datetime


@dataclass(frozen=True, slots=True)
class ExtendDeadline:
    """An operator needs more time, for a reason that the law knows."""

    reason: ExtensionReason
    at: datetime


@dataclass(frozen=True, slots=True)
class RefuseRequest:
    """An operator denies the request."""

    reason: RefusalReason
    at: datetime


@dataclass(frozen=True, slots=True)
class AnswerCorrection:
    """An operator has corrected what was wrong."""

    at: datetime


@dataclass(frozen=True, slots=True)
class RetryRequest:
    """An operator has a participant asked again; "" for all that have not settled it."""

    participant: str
    at: datetime


Command = (
    SubmitRequest
    | WithdrawRequest
    | RunRequest
    | TakeReceipt
    | TakeScan
    | TakePart
    | CertifyErasure
    | DeliverArchive
    | EraseArchive
    | DenyRequest
    | RecallErasure
    | ExtendDeadline
    | RefuseRequest
    | AnswerCorrection
    | RetryRequest
)
