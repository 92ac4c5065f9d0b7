"""What a participant remembers of erasures and exports: private events in histories that belong to no account.

A history is named "erasure-<request id>", "scan-…", "export-…", "restore-…", "participant-<service>" or
"epochs-of-<service>". It survives the account, so that a task that was killed knows what had been there and what it
had done already.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from sqlalchemy import Connection, Table, select

from nexoraz.events.classification import PSEUDONYM, Fact, Id
from nexoraz.events.event import Event, Stream
from nexoraz.events.holdings import Counted, Erased
from nexoraz.events.residue import Residue
from nexoraz.events.schema import ERASURE_BEGUN


class ReceiptLine(msgspec.Struct, frozen=True):
    """One category in one store: found at the beginning, erased, retained by law, and left by mistake."""

    category: str
    store: str
    found: int
    erased: int
    retained: int
    left: int
    basis: str = ""
    until: str = ""


class PartWritten(msgspec.Struct, frozen=True):
    """One sealed part: size and SHA-256 (hex) of the bytes as they were stored."""

    name: str
    sha256: str
    size: int


class ErasureBegun(Event, frozen=True):
    """The tombstone stands, in the same transaction; this is what tables and events held at that moment."""

    request_id: Id
    account_id: Id
    counted: Fact[list[Counted]]


class ObjectsCounted(Event, frozen=True):
    """What the buckets held before anything was removed from them."""

    request_id: Id
    counted: Fact[list[Counted]]


class RowsErased(Event, frozen=True):
    """Rows went, in the same transaction."""

    request_id: Id
    erased: Fact[list[Erased]]


class BusCounted(Event, frozen=True):
    """What the bus held of the account before it was purged, after the relay had passed the beginning."""

    request_id: Id
    messages: Fact[int]


class ErasureFinished(Event, frozen=True):
    """The participant is done; the facts of its receipt. Times are ISO 8601 with Z."""

    request_id: Id
    outcome: Fact[str]
    lines: Fact[list[ReceiptLine]]
    begun_at: Fact[str]
    keys_destroyed: Fact[int]
    keys_destroyed_at: Fact[str]
    key_epoch: Fact[int]
    key_digest: Fact[str]
    bus_purged: Fact[int]


class AccountScanned(Event, frozen=True):
    """What a scan found of the account, store by store."""

    request_id: Id
    residue: Fact[int]
    lines: Fact[list[Residue]]


class PartsWritten(Event, frozen=True):
    """The participant's part of an export is uploaded. records: rows, events and files in it."""

    request_id: Id
    parts: Fact[list[PartWritten]]
    records: Fact[int]


class DataMapAnnounced(Event, frozen=True):
    """This service takes part, with this data map (JSON)."""

    participant: Fact[str]
    data_map_hash: Fact[str]
    data_map: Fact[str]


class KeyEpochDestroyed(Event, frozen=True):
    """The key-encryption keys of this epoch and of all before it are destroyed. Times are ISO 8601 with Z.

    attested_at: when no process could hold an unwrapped key of that time any more (key_cache.LONGEST_TTL_S).
    """

    participant: Fact[str]
    epoch: Fact[int]
    destroyed_at: Fact[str]
    attested_at: Fact[str]


class RestoreNoticed(Event, frozen=True):
    """A backup came back; the service is closed. data_as_of: how old the data is taken to be, ISO 8601 with Z."""

    restore_id: Id
    why: Fact[str]
    data_as_of: Fact[str]


class RestoreSettled(Event, frozen=True):
    """What had been missed is erased again, and the service is open. residue: what a second look still found."""

    restore_id: Id
    erased_again: Annotated[list[str], PSEUDONYM]
    residue: Fact[int]


class RecordsErased(Event, frozen=True):
    """Records that an earlier erasure had kept are gone now, in the same transaction. cause: what made an end of them,
    the same however often it is told. erased_at: ISO 8601 with Z."""

    request_id: Id
    cause: Id
    lines: Fact[list[ReceiptLine]]
    erased_at: Fact[str]


class RetentionApplied(Event, frozen=True):
    """A retention rule ended so many records of a store, in the same transaction. action: erase or pseudonymise."""

    participant: Fact[str]
    rule: Fact[str]
    store: Fact[str]
    action: Fact[str]
    records: Fact[int]
    applied_at: Fact[str]


class HoldAnswered(Event, frozen=True):
    """What became of a legal hold here: placed, released, or why it was not placed (legal_holds.py). records: how many
    there were at that moment; of one that is released, how many of an erased account went with it."""

    hold_id: Id
    outcome: Fact[str]
    records: Fact[int]
    answered_at: Fact[str]


PROTOCOL_EVENTS: list[type[Event]] = [
    ErasureBegun,
    ObjectsCounted,
    RowsErased,
    BusCounted,
    ErasureFinished,
    AccountScanned,
    PartsWritten,
    DataMapAnnounced,
    KeyEpochDestroyed,
    RestoreNoticed,
    RestoreSettled,
    RecordsErased,
    RetentionApplied,
    HoldAnswered,
]
EXPIRED = "expired-"
"""How the id of an erasure begins that nobody asked for: the account's own term is over."""


def erasure_stream(request_id: str) -> Stream:
    return Stream.of("erasure", request_id, "")


def hold_stream(hold_id: str) -> Stream:
    return Stream.of("hold", hold_id, "")


def erasures_of(connection: Connection, events: Table, accounts: Sequence[str]) -> list[tuple[str, str]]:
    """(account id, request id) of the erasures that were asked for of these accounts here, in order."""
    whose, request = events.c.data["account_id"].astext, events.c.data["request_id"].astext
    begun = select(whose, request).where(events.c.type == ERASURE_BEGUN, whose.in_(accounts)).order_by(whose, request)
    found = [(account_id, request_id) for account_id, request_id in connection.execute(begun)]
    return [pair for pair in found if not pair[1].startswith(EXPIRED)]


def scan_stream(request_id: str) -> Stream:
    return Stream.of("scan", request_id, "")


def export_stream(request_id: str) -> Stream:
    return Stream.of("export", request_id, "")


def participant_stream(service: str) -> Stream:
    return Stream.of("participant", service, "")


def epochs_stream(service: str) -> Stream:
    return Stream.of("epochs-of", service, "")


def restore_stream(restore_id: str) -> Stream:
    return Stream.of("restore", restore_id, "")
