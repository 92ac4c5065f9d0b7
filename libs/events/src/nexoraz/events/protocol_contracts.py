"""What participants and the coordinator say to each other on the bus.

Every participant publishes the same five contracts under its own name; the requests are privacy's. Answers are keyed by
the request, so that purging an account's subjects leaves them.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, cast

import msgspec

from nexoraz.events import protocol_events
from nexoraz.events.classification import Fact, Id
from nexoraz.events.contracts import Contract, Foreign
from nexoraz.events.event import Event, Recorded
from nexoraz.events.protocol_events import (
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
    ParticipantAnnounced, ErasureReceipted, ResidueScanned, ExportPartWritten, KeyEpochDestroyed,
)  # fmt: skip


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
    announced, receipted, scanned, written, epoch_ended = contracts_of(service)

    def translate(event: Event, _: Recorded) -> Contract | None:
        match event:
            case DataMapAnnounced():
                return announced(**_fields(event))
            case ErasureFinished():
                return receipted(participant=service, **_fields(event))
            case AccountScanned():
                return scanned(participant=service, **_fields(event))
            case PartsWritten():
                return written(participant=service, **_fields(event))
            case protocol_events.KeyEpochDestroyed():
                return epoch_ended(**_fields(event))
            case _:
                return None

    return translate


def _fields(event: Event) -> dict[str, Any]:
    return msgspec.structs.asdict(event)
