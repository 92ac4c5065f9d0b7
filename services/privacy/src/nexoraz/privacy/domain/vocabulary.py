"""The words of the domain: kinds of requests, how a participant may answer, how a request may end."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec


class RequestType(StrEnum):
    """What a person can ask for. A kind is listed here once it works from end to end."""

    ACCESS = "access"
    ERASURE = "erasure"
    CORRECTION = "correction"
    OBJECTION = "objection"


class State(StrEnum):
    """Where a request stands, as people see it (DESIGN.md, "Requests")."""

    GRACE = "grace"
    RUNNING = "running"
    COMPLETED = "completed"
    PARTIALLY_RETAINED = "partially-retained"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"


ENDED = frozenset({State.COMPLETED, State.PARTIALLY_RETAINED, State.DENIED, State.WITHDRAWN})
"""States that nothing leaves."""

ACTIVE = frozenset(State) - ENDED
"""States in which a second request of the same account and type is refused."""


class Answer(StrEnum):
    """What a participant's receipt says of its own erasure."""

    ERASED = "erased"
    PARTIALLY_RETAINED = "partially-retained"
    NOTHING_HELD = "nothing-held"
    UNVERIFIED = "unverified"


DONE = frozenset({Answer.ERASED, Answer.PARTIALLY_RETAINED, Answer.NOTHING_HELD})
"""Answers that count as done. Everything else, silence and words unknown to us included, never does."""

LAST_PARTICIPANT = "identity"
"""Asked after all others have answered: it still has to tell the person (DESIGN.md, "Requests")."""


class DenialReason(StrEnum):
    """Why a request was denied; told to the person in these words."""

    ACCOUNT_ERASED = "account-erased"


class RefusalReason(StrEnum):
    """Why an operator denied a request; told to the person in these words, and in the operator's own beside them."""

    DATA_IS_ACCURATE = "data-is-accurate"
    EXCESSIVE = "excessive"
    IDENTITY_DOUBTFUL = "identity-doubtful"
    LEGAL_CLAIM = "legal-claim"
    LEGAL_OBLIGATION = "legal-obligation"
    MANIFESTLY_UNFOUNDED = "manifestly-unfounded"
    OTHERS_RIGHTS = "others-rights"


class ExtensionReason(StrEnum):
    """The two reasons that GDPR Art. 12(3) knows for taking longer."""

    COMPLEXITY = "complexity"
    NUMBER_OF_REQUESTS = "number-of-requests"


class Notice(StrEnum):
    """What the person is told by mail."""

    DEADLINE_EXTENDED = "deadline-extended"
    DENIED = "denied"
    ANSWERED = "answered"


class ObjectionPurpose(StrEnum):
    """What a person can object to (GDPR Art. 21)."""

    ANALYTICS = "analytics"
    MARKETING = "marketing"
    TRAINING = "training"


SELF_SERVICE = {"name": "/v1/identity/profile"}
"""What people correct by themselves, and where."""


class ReceiptLine(msgspec.Struct, frozen=True):
    """What a participant found in one store about one category, and what it did with it; `left`: what it could not.

    basis: the legal basis of what was retained; until: the end of its retention, ISO 8601; both "" when nothing was.
    """

    category: str
    store: str
    found: int
    erased: int
    retained: int
    left: int
    basis: str = ""
    until: str = ""


class ScanLine(msgspec.Struct, frozen=True):
    """How many items about the account a scan found in one declared store, and how many of them may be there."""

    store: str
    found: int
    retained: int = 0


class PartFile(msgspec.Struct, frozen=True):
    """One sealed part of an export as it was written: sha256 (hex) and size in bytes of the sealed form."""

    name: str
    sha256: str
    size: int


class Receipt(msgspec.Struct, frozen=True):
    """A participant's own account of its erasure. Times are ISO 8601 as the participant wrote them."""

    participant: str
    outcome: str
    lines: tuple[ReceiptLine, ...]
    begun_at: str
    keys_destroyed: int
    keys_destroyed_at: str
    key_epoch: int
    key_digest: str
    bus_purged: int

    @property
    def done(self) -> bool:
        """Whether this answer counts: a word that we do not know never does, nor one that its own lines deny."""
        return self.outcome in DONE and not any(line.left for line in self.lines)

    @property
    def retains(self) -> bool:
        return self.outcome == Answer.PARTIALLY_RETAINED or any(line.retained for line in self.lines)


class Scan(msgspec.Struct, frozen=True):
    """A participant's independent reading of all its declared stores after the erasure."""

    participant: str
    residue: int
    lines: tuple[ScanLine, ...]

    @property
    def clear(self) -> bool:
        """Nothing found but what is retained, by the total and by every line: neither is trusted alone."""
        return self.residue == 0 and not any(line.found > line.retained for line in self.lines)


class Part(msgspec.Struct, frozen=True):
    """What one participant contributed to an export."""

    participant: str
    parts: tuple[PartFile, ...]
    records: int


class Archive(msgspec.Struct, frozen=True):
    """An assembled export: size of the zip in bytes, its entries, and the moment at which it is erased."""

    size: int
    entries: int
    expires_at: datetime


class Concern(msgspec.Struct, frozen=True):
    """Why a running request needs a person's attention."""

    reason: str
    participants: tuple[str, ...]


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once, in an order that does not depend on how they came."""
    return tuple(sorted(set(names)))
