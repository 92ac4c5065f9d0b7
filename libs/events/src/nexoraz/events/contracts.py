"""Published facts: the public contracts between services, and a consumer's own narrower view of them.

A contract is what a service promises to others; its private events are not. Published payloads carry
pseudonymous ids, counts, amounts and references only: a personal field is refused when the class is made.
"""

import hashlib
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from nexoraz.events.classification import Personal, classify_fields
from nexoraz.events.event import Recorded, kebab

PARTITIONS = 64
"""Subjects are split by a hash of their key, so that replicas of a worker can share the work."""


class PersonalOnTheBus(TypeError):
    """A published contract declares a personal field."""


class Contract(msgspec.Struct, frozen=True):
    """A fact that a service publishes. Subclass with the owning service: `class PhotoUploaded(Contract, …)`.

    service: the publisher. version: the shape; a breaking change is a new version beside the old one.
    The `key` orders messages and names them on the bus; it is the account id unless a contract says otherwise.
    """

    service: ClassVar[str] = ""
    version: ClassVar[int] = 1
    key_field: ClassVar[str] = "account_id"

    @classmethod
    def type_name(cls) -> str:
        """The CloudEvents `type`, such as "nexoraz.assets.photo-uploaded.v1"."""
        return f"nexoraz.{cls.service}.{kebab(cls.__name__)}.v{cls.version}"

    @property
    def key(self) -> str:
        return str(getattr(self, self.key_field))


def check_contract(contract: type[Contract]) -> None:
    """Raises PersonalOnTheBus, or Unclassified for an undeclared field."""
    for name, declared in classify_fields(contract).items():
        if isinstance(declared, Personal):
            raise PersonalOnTheBus(f"{contract.__name__}.{name} is personal and may not be published")


class Foreign(msgspec.Struct, frozen=True):
    """A consumer's view of another service's contract: only the fields that it needs (tolerant reader).

    `source` is the CloudEvents type it reads. The contract tests check every view against the publisher's schema.
    """

    source: ClassVar[str] = ""


def partition_of(key: str) -> int:
    """The partition (0 to 63) of an account id or other key; stable across processes and versions."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=2).digest()) % PARTITIONS


def subject_of(type_name: str, key: str) -> str:
    """The NATS subject of one message: type, partition, key."""
    return f"{type_name}.{partition_of(key)}.{key}"


class Received(msgspec.Struct, frozen=True):
    """A message from the bus as a handler sees it.

    position: the place in the producer's commit order, carried in a header: consumers count in it, never in
    stream sequences, so that a bus that was wiped and filled again changes nothing.
    """

    id: UUID
    type: str
    producer: str
    position: int
    partition: int
    key: str
    time: str
    data: Any
    traceparent: str = ""


class Outgoing(msgspec.Struct, frozen=True):
    """A message ready for the bus."""

    subject: str
    headers: dict[str, str]
    payload: bytes
    position: int


def outgoing(recorded: Recorded, contract: Contract) -> Outgoing:
    """CloudEvents 1.0, NATS binding, binary mode, with the deduplication id and the producer's position."""
    type_name, id_ = contract.type_name(), str(recorded.id)
    headers = {
        "Nats-Msg-Id": id_,
        "ce-specversion": "1.0",
        "ce-id": id_,
        "ce-source": f"/nexoraz/{contract.service}",
        "ce-type": type_name,
        "ce-time": recorded.occurred_at.isoformat().replace("+00:00", "Z"),
        "ce-subject": contract.key,
        "ce-datacontenttype": "application/json",
        "nx-position": str(recorded.position),
    }
    if recorded.traceparent:
        headers["traceparent"] = recorded.traceparent
    return Outgoing(subject_of(type_name, contract.key), headers, msgspec.json.encode(contract), recorded.position)
