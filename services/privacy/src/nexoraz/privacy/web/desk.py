"""What the routes need."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Engine

from nexoraz.events.store import EventStore
from nexoraz.privacy.application.consents import Consents
from nexoraz.privacy.application.handling import Handling
from nexoraz.privacy.application.oversight import Oversight
from nexoraz.privacy.application.policy_changes import PolicyChanges
from nexoraz.privacy.application.ports import Clock, KeyedHash
from nexoraz.privacy.application.referrals import Referrals
from nexoraz.privacy.application.requests import Requests
from nexoraz.privacy.domain.canonical import Json


class Documents(Protocol):
    """Signed documents, the keys that they are checked with, and archives."""

    def certificate(self, request_id: str) -> bytes | None:
        """Byte for byte as it was signed."""
        ...

    def amendments(self, request_id: str) -> bytes | None:
        """All amendments of the certificate as one file, None without a certificate."""
        ...

    def keys(self) -> list[Json]:
        """The public halves of all keys that ever signed."""
        ...

    def archive(self, account_id: str, request_id: str, start: int, end: int) -> Iterator[bytes] | None:
        """The archive's bytes from `start` up to, not including, `end`; None when it is gone."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """store and requests: commands. engine: questions. most_watchers: live streams that one process serves at once."""

    store: EventStore
    engine: Engine
    requests: Requests
    oversight: Oversight
    handling: Handling
    consents: Consents
    policy_changes: PolicyChanges
    referrals: Referrals
    documents: Documents
    hashes: KeyedHash
    clock: Clock
    most_watchers: int
