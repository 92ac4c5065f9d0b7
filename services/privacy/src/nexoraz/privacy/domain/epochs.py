"""How the key epochs of a participant end: each once, whatever is said twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nexoraz.events.decider import Decider
from nexoraz.events.event import Event
from nexoraz.privacy.domain.events import KeyEpochEnded


@dataclass(frozen=True, slots=True)
class NoteEpochEnd:
    """A participant said that the key-encryption keys of its epochs up to this one are destroyed."""

    participant: str
    epoch: int
    destroyed_at: str
    attested_at: str
    at: datetime


def decide(command: NoteEpochEnd, ended: frozenset[int]) -> Sequence[Event]:
    """Recorded once per epoch."""
    if command.epoch in ended:
        return []
    return [
        KeyEpochEnded(command.participant, command.epoch, command.destroyed_at, command.attested_at, command.at),
    ]


def evolve(ended: frozenset[int], event: Event) -> frozenset[int]:
    return ended | {event.epoch} if isinstance(event, KeyEpochEnded) else ended


epochs: Decider[NoteEpochEnd, frozenset[int], Event] = Decider(frozenset(), decide, evolve)
