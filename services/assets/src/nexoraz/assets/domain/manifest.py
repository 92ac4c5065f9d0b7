"""A list of photos for one training, and the models that were trained by it: the service's, not a person's."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from nexoraz.assets.domain.events import ManifestMade, ModelTrained
from nexoraz.events.decider import Decider, Refused
from nexoraz.events.event import Stream

LONGEST_MODEL = 80


@dataclass
class ManifestUnknown(Refused):
    """There is no such manifest."""

    manifest_id: str


@dataclass
class ModelNotNamed(Refused):
    """A model is known by a name of 1 to `longest` characters."""

    longest: int


@dataclass(frozen=True, slots=True)
class MakeManifest:
    """Its photos are listed already. sha256: of the signed document."""

    manifest_id: str
    photos: int
    sha256: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RegisterModel:
    manifest_id: str
    model: str
    at: datetime


Command = MakeManifest | RegisterModel
ManifestEvent = ManifestMade | ModelTrained


@dataclass(frozen=True, slots=True)
class Manifest:
    made: bool = False
    models: frozenset[str] = field(default_factory=frozenset)


def decide(command: Command, state: Manifest) -> Sequence[ManifestEvent]:
    match command:
        case MakeManifest(manifest_id, photos, sha256, at):
            return [] if state.made else [ManifestMade(manifest_id, photos, sha256, at)]
        case RegisterModel(manifest_id, model, at):
            if not state.made:
                raise ManifestUnknown(manifest_id)
            if not 1 <= len(model) <= LONGEST_MODEL:
                raise ModelNotNamed(LONGEST_MODEL)
            return [] if model in state.models else [ModelTrained(manifest_id, model, at)]
        case _:
            assert_never(command)


def evolve(state: Manifest, event: ManifestEvent) -> Manifest:
    match event:
        case ManifestMade():
            return Manifest(made=True)
        case ModelTrained():
            return Manifest(True, state.models | {event.model})
        case _:
            assert_never(event)


MANIFEST: Decider[Command, Manifest, ManifestEvent] = Decider(Manifest(), decide, evolve)


def manifest_stream(manifest_id: str) -> Stream:
    return Stream.of("manifest", manifest_id, "")
