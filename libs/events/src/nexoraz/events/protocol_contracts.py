"""What participants and the coordinator say to each other on the bus.

Every participant publishes the same five contracts under its own name; the requests are privacy's. Answers are keyed by
the request, so that purging an account's subjects leaves them.
"""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, cast

import msgspec

from nexoraz.events import protocol_events
from nexoraz.events.classification import Fact, Id
from nexoraz.events.contracts import Contract, Foreign
from nexoraz.events.event import Event, Recorded
from nexoraz.events.protocol_events import (
    EXPIRED,
    AccountScanned,
    DataMapAnnounced,
    ErasureFinished,
    PartsWritten,
    PartWritten,
    ReceiptLine,
)
from nexoraz.events.residue import Residue


class ParticipantAnnounced(Contract, frozen=True):
    """A service takes part in erasure and export; `data_map` is JSON."""

    key_field = "participant"
    participant: Fact[str]
    data_map_hash: Fact[str]
    data_map: Fact[str]


class ErasureReceipted(Contract, frozen=True):
    """A participant's receipt. outcome: erased, partially-retained, nothing-held or unverified."""

    key_field = "request_id"
    request_id: Id
    participant: Fact[str]
    outcome: Fact[str]
    lines: Fact[list[ReceiptLine]]
    begun_at: Fact[str]
    keys_destroyed: Fact[int]
    keys_destroyed_at: Fact[str]
    key_epoch: Fact[int]
    key_digest: Fact[str]
    bus_purged: Fact[int]


class ResidueScanned(Contract, frozen=True):
    """What a participant found of the account after its erasure; `residue` is what must not be there."""

    key_field = "request_id"
    request_id: Id
    participant: Fact[str]
    residue: Fact[int]
    lines: Fact[list[Residue]]


class ExportPartWritten(Contract, frozen=True):
    """A participant's sealed parts are uploaded, in this order."""

    key_field = "request_id"
    request_id: Id
    participant: Fact[str]
    parts: Fact[list[PartWritten]]
    records: Fact[int]


class KeyEpochDestroyed(Contract, frozen=True):
    """No copy of a data key that was wrapped in this epoch or before opens any more, wherever the copy is."""

    key_field = "participant"
    participant: Fact[str]
    epoch: Fact[int]
    destroyed_at: Fact[str]
    attested_at: Fact[str]


class RecordsErased(Contract, frozen=True):
    """Records that a participant had kept at an erasure are gone; `cause` is the same however often it is told."""

    key_field = "request_id"
    request_id: Id
    participant: Fact[str]
    cause: Id
    lines: Fact[list[ReceiptLine]]
    erased_at: Fact[str]


class RetentionApplied(Contract, frozen=True):
    """A retention rule ended so many records of a participant's store. action: erase or pseudonymise."""

    key_field = "participant"
    participant: Fact[str]
    rule: Fact[str]
    store: Fact[str]
    action: Fact[str]
    records: Fact[int]
    applied_at: Fact[str]


class HoldAnswered(Contract, frozen=True):
    """What became of a legal hold: placed, released, not-found, not-supported or account-erased."""

    key_field = "hold_id"
    hold_id: Id
    participant: Fact[str]
    outcome: Fact[str]
    records: Fact[int]
    answered_at: Fact[str]


class HoldPlaced(Foreign, frozen=True):
    """The participant is to keep one record of a store, or (store "") all records of a category, of an account that is
    not being erased. basis and until: as its receipt may tell them. until: ISO 8601."""

    source = "nexoraz.privacy.hold-placed.v1"
    account_id: str
    hold_id: str
    participant: str
    store: str
    record_id: str
    category: str
    basis: str
    until: datetime


class HoldReleased(Foreign, frozen=True):
    """The hold has ended; what it kept goes as if it had never been held."""

    source = "nexoraz.privacy.hold-released.v1"
    account_id: str
    hold_id: str
    participant: str


class ErasureRequested(Foreign, frozen=True):
    """The named participants are to erase the account."""

    source = "nexoraz.privacy.erasure-requested.v1"
    account_id: str
    request_id: str
    participants: list[str]


class ResidueScanRequested(Foreign, frozen=True):
    """The named participants are to look whether anything of the account is left."""

    source = "nexoraz.privacy.residue-scan-requested.v1"
    account_id: str
    request_id: str
    participants: list[str]


class ExportRequested(Foreign, frozen=True):
    """The named participants are to write their part, sealed to `public_key` (X25519, base64)."""

    source = "nexoraz.privacy.export-requested.v1"
    account_id: str
    request_id: str
    public_key: str
    participants: list[str]


BASES: tuple[type[Contract], ...] = (
    ParticipantAnnounced,
    ErasureReceipted,
    ResidueScanned,
    ExportPartWritten,
    RecordsErased,
    RetentionApplied,
    HoldAnswered,
    KeyEpochDestroyed,
)
"""What a service publishes of the protocol, in the order of the private events in PUBLISHED."""
PUBLISHED: tuple[type[Event], ...] = (
    DataMapAnnounced,
    ErasureFinished,
    AccountScanned,
    PartsWritten,
    protocol_events.RecordsErased,
    protocol_events.RetentionApplied,
    protocol_events.HoldAnswered,
    protocol_events.KeyEpochDestroyed,
)


@cache
def _contract_of(service: str, base: type[Contract]) -> type[Contract]:
    namespace = {"service": service, "__doc__": base.__doc__, "__module__": base.__module__}
    made = msgspec.defstruct(base.__name__, [], bases=(base,), namespace=namespace, frozen=True)
    return cast(type[Contract], made)


def contracts_of(service: str) -> list[type[Contract]]:
    """The contracts of the protocol as this service publishes them; the same classes at every call."""
    return [_contract_of(service, base) for base in BASES]


def protocol_translation(service: str) -> Callable[[Event, Recorded], Contract | None]:
    """A pure translation of the protocol's private events; None for all others."""
    by_event = dict(zip(PUBLISHED, contracts_of(service), strict=True))

    def translate(event: Event, _: Recorded) -> Contract | None:
        contract = by_event.get(type(event))
        if contract is None or (isinstance(event, ErasureFinished) and event.request_id.startswith(EXPIRED)):
            return None  # an account that went by its own term: no request waits for a receipt of it
        return contract(**{"participant": service, **_fields(event)})

    return translate


def _fields(event: Event) -> dict[str, Any]:
    return msgspec.structs.asdict(event)
