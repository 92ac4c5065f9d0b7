"""What privacy tells the other services: who is asked for what, and how a request ended. At most one fact per event."""

from datetime import datetime

from nexoraz.events.classification import Fact, Id
from nexoraz.events.contracts import Contract
from nexoraz.events.event import Event, Recorded
from nexoraz.events.protocol_contracts import contracts_of
from nexoraz.privacy.domain import consent, hold, policy_change
from nexoraz.privacy.domain import events as e


class Published(Contract, frozen=True):
    """A contract of privacy."""

    service = "privacy"


class Asking(Published, frozen=True):
    """A request to participants. Keyed by the request, so that it outlives the purge of the account's messages."""

    key_field = "request_id"


class ErasureRequested(Asking, frozen=True):
    """The named participants erase the account, and answer with a receipt."""

    account_id: Id
    request_id: Id
    participants: Fact[tuple[str, ...]]


class ResidueScanRequested(Asking, frozen=True):
    """The named participants read all their stores again and say what is left."""

    account_id: Id
    request_id: Id
    participants: Fact[tuple[str, ...]]


class ExportRequested(Asking, frozen=True):
    """The named participants write what they hold, sealed to `public_key` (X25519)."""

    account_id: Id
    request_id: Id
    public_key: Fact[str]
    participants: Fact[tuple[str, ...]]


class RequestCompleted(Published, frozen=True):
    """A request ended. outcome: completed, partially-retained, denied or withdrawn."""

    key_field = "request_id"
    request_id: Id
    type: Fact[str]
    outcome: Fact[str]


class NoticeGiven(Published, frozen=True):
    """Tell the person by mail about a request. type, notice and reason are words of ours; until: ISO 8601 or ""."""

    account_id: Id
    request_id: Id
    type: Fact[str]
    notice: Fact[str]
    reason: Fact[str]
    until: Fact[str]


class ObjectionRecorded(Published, frozen=True):
    """The person objects to that purpose from now on: analytics, marketing or training."""

    account_id: Id
    request_id: Id
    purpose: Fact[str]


class ConsentDecided(Published, frozen=True):
    """A person allows the purpose from now on, or not. account_id: an account, or a visitor without one who chose.
    purpose: analytics or marketing. Without any such message nothing is allowed."""

    account_id: Id
    purpose: Fact[str]
    given: Fact[bool]
    policy_version: Fact[str]


class PolicyChangeAnnounced(Published, frozen=True):
    """Tell every account by mail that the policy changed. summary: words of ours."""

    key_field = "policy_version"
    policy_version: Id
    summary: Fact[str]


class HoldPlaced(Published, frozen=True):
    """The participant keeps one record of a store, or (store "") all records of a category, of the account. basis: what
    its receipt may say."""

    key_field = "hold_id"
    account_id: Id
    hold_id: Id
    participant: Fact[str]
    store: Fact[str]
    record_id: Id
    category: Fact[str]
    basis: Fact[str]
    until: Fact[datetime]


class HoldReleased(Published, frozen=True):
    """The hold is over; what it kept goes as if it had never been held."""

    key_field = "hold_id"
    account_id: Id
    hold_id: Id
    participant: Fact[str]


CONTRACTS: list[type[Contract]] = [
    ErasureRequested,
    ResidueScanRequested,
    ExportRequested,
    RequestCompleted,
    NoticeGiven,
    ObjectionRecorded,
    ConsentDecided,
    PolicyChangeAnnounced,
    HoldPlaced,
    HoldReleased,
    *contracts_of("privacy"),
]


def translate(event: Event, _: Recorded) -> Contract | None:  # noqa: PLR0911, PLR0912 - one return per kind of event
    match event:
        case e.ErasureAsked():
            return ErasureRequested(event.account_id, event.request_id, event.participants)
        case e.ScanAsked():
            return ResidueScanRequested(event.account_id, event.request_id, event.participants)
        case e.ExportAsked():
            return ExportRequested(event.account_id, event.request_id, event.public_key, event.participants)
        case e.RequestCompleted():
            return RequestCompleted(event.request_id, event.type, event.outcome)
        case e.NoticeGiven(request_id, account_id, type_, notice, reason, until):
            return NoticeGiven(account_id, request_id, type_, notice, reason, until)
        case e.ObjectionRecorded(request_id, account_id, purpose):
            return ObjectionRecorded(account_id, request_id, purpose)
        case consent.ConsentDecided():
            given = event.decision is consent.Decision.GIVEN
            return ConsentDecided(event.account_id, event.purpose, given, event.policy_version)
        case policy_change.PolicyChangeAnnounced(version, summary):
            return PolicyChangeAnnounced(version, summary)
        case e.RequestDenied():
            return RequestCompleted(event.request_id, event.type, "denied")
        case e.RequestWithdrawn():
            return RequestCompleted(event.request_id, event.type, "withdrawn")
        case hold.HoldPlaced():
            basis = event.basis if event.told else hold.UNTOLD
            what = (event.store, event.record_id, event.category)
            return HoldPlaced(event.account_id, event.hold_id, event.participant, *what, basis, event.until)
        case hold.HoldReleased():
            return HoldReleased(event.account_id, event.hold_id, event.participant)
        case _:
            return None
