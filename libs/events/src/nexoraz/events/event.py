"""What happened: private events of one service, and the record that the store keeps of each."""

import re
from datetime import datetime
from functools import cache
from typing import Any, ClassVar
from uuid import UUID

import msgspec


class Event(msgspec.Struct, frozen=True):
    """A fact in the past tense, private to its service. Subclasses declare every field (classification.py).

    `version` counts the shapes that this event has had; older stored shapes are lifted by upcasters.
    """

    version: ClassVar[int] = 1


@cache
def kebab(name: str) -> str:
    """`AccountRegistered` → `account-registered`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


class Stream(msgspec.Struct, frozen=True):
    """The name of one ordered history, and the account to which it belongs.

    name: "<category>-<id>". account_id: the account whose keys seal its personal fields and whose erasure
    removes it, or "" for a history that belongs to the service itself.
    """

    name: str
    account_id: str

    @classmethod
    def of(cls, category: str, id_: str, account_id: str) -> "Stream":
        return cls(f"{category}-{id_}", account_id)


class Recorded(msgspec.Struct, frozen=True):
    """An event as the store holds it.

    position: place in the service's commit order, from 1; 0 while its transaction is not yet committed.
    version: place in its stream, from 1. traceparent: W3C Trace Context of the request that caused it.
    """

    position: int
    id: UUID
    stream: Stream
    version: int
    occurred_at: datetime
    event: Any
    causation_id: str = ""
    traceparent: str = ""
