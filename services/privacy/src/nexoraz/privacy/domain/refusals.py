"""Rules that a command can break. Each says which, with the facts; the web layer maps them to problems once."""

from dataclasses import dataclass
from datetime import datetime

from nexoraz.events.decider import Refused

# Not frozen, although data: an exception's traceback is set while it travels.


@dataclass
class SignInTooOld(Refused):
    """The person must sign in again before asking (identity verification)."""

    max_age_seconds: int
    age_seconds: int


@dataclass
class RequestAlreadyActive(Refused):
    """The account has an active request of this type."""

    request_id: str


@dataclass
class AccountBeingErased(Refused):
    """The account's erasure is running, so nothing else can be asked for it."""

    request_id: str


@dataclass
class RequestAlreadyExists(Refused):
    """The id is taken."""

    request_id: str


@dataclass
class RequestUnknown(Refused):
    """There is no such request."""


@dataclass
class RequestEnded(Refused):
    """The request has ended; nothing more is decided about it."""

    state: str


@dataclass
class AlreadyExtended(Refused):
    """A deadline is extended once."""

    until: datetime


@dataclass
class DeadlinePassed(Refused):
    """More time must be announced before the time is over."""

    deadline_at: datetime


@dataclass
class ErasureHasBegun(Refused):
    """Keys may be destroyed already, so the erasure can neither be denied nor undone."""

    request_id: str


@dataclass
class NotForOperators(Refused):
    """A request of this type ends by evidence, or by the person, not by an operator's answer."""

    request_type: str


@dataclass
class NothingToRetry(Refused):
    """Nobody, or not this participant, was asked and has not settled it."""

    unsettled: tuple[str, ...]


@dataclass
class SelfServiceOffered(Refused):
    """The person can correct this at once by themselves."""

    field: str
    href: str


@dataclass
class NotInGrace(Refused):
    """Only a request in grace can be withdrawn; afterwards keys are destroyed and nothing brings them back."""

    state: str


@dataclass
class GraceNotOver(Refused):
    """The person may still withdraw."""

    until: datetime


@dataclass
class NoParticipants(Refused):
    """Nobody would be asked, so nothing could ever be proven."""


@dataclass
class NotProven(Refused):
    """No certificate before every receipt counts and every scan is clear."""

    state: str
    waiting_for: tuple[str, ...]


@dataclass
class PartsMissing(Refused):
    """No archive before every participant's part is there."""

    state: str
    waiting_for: tuple[str, ...]


@dataclass
class ArchiveStillValid(Refused):
    """The archive is kept until it expires."""

    until: datetime
