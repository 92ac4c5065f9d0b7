"""Which presets a photo was rendered with: each is told once."""

from collections.abc import Sequence
from dataclasses import dataclass

from nexoraz.assets.domain.events import PresetUsed
from nexoraz.events.decider import Decider
from nexoraz.events.event import Stream


@dataclass(frozen=True, slots=True)
class NotePreset:
    account_id: str
    photo_id: str
    preset: str


def decide(command: NotePreset, used: frozenset[str]) -> Sequence[PresetUsed]:
    known = command.preset in used
    return [] if known else [PresetUsed(command.account_id, command.photo_id, command.preset)]


def evolve(used: frozenset[str], event: PresetUsed) -> frozenset[str]:
    return used | {event.preset}


RENDERED: Decider[NotePreset, frozenset[str], PresetUsed] = Decider(frozenset(), decide, evolve)


def rendered_stream(photo_id: str, account_id: str) -> Stream:
    return Stream.of("rendered", photo_id, account_id)
