"""Who takes part: every service announces itself with the data map that its code declares."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nexoraz.events.decider import Decider
from nexoraz.events.event import Event
from nexoraz.privacy.domain.events import ParticipantAnnounced


@dataclass(frozen=True, slots=True)
class NoteAnnouncement:
    """A participant said who it is and what it holds (JSON text of its data map, and the hash it gave)."""

    participant: str
    data_map_hash: str
    data_map: str
    at: datetime


def decide(command: NoteAnnouncement, known_hash: str) -> Sequence[Event]:
    """Recorded once per data map: a service announces itself at every start."""
    if command.data_map_hash == known_hash:
        return []
    return [ParticipantAnnounced(command.participant, command.data_map_hash, command.data_map, command.at)]


def evolve(known_hash: str, event: Event) -> str:
    return event.data_map_hash if isinstance(event, ParticipantAnnounced) else known_hash


participant: Decider[NoteAnnouncement, str, Event] = Decider("", decide, evolve)
