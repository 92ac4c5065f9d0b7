"""What render needs from the outside, apart from its store."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from nexoraz.events.store import Transaction
from nexoraz.events.tasks import Task
from nexoraz.render.presets.wanted import AS_THE_PRESET, Wanted


class PhotoGone(Exception):
    """Assets releases no such photo of this account: deleted, erased, or never there."""


class PhotosUnavailable(Exception):
    """Assets, or the object store behind it, did not answer. Try again later."""


class OutputsUnavailable(Exception):
    """The object store did not take the picture. Try again later."""


class EngineStopped(Exception):
    """The worker is stopping, so its engine renders nothing any more. Another worker tries again."""


class Photos(Protocol):
    """The photos that assets owns."""

    def fetch(self, account_id: str, photo_id: str, max_bytes: int) -> bytes:
        """The photo's bytes. Raises PhotoGone, PhotosUnavailable, or RenderRefused when it is too heavy."""
        ...


@dataclass(frozen=True, slots=True)
class Picture:
    """A finished picture. fallback: whether a lesser segmenter had to do."""

    data: bytes
    media_type: str
    width: int
    height: int
    engine: str
    fallback: bool


class RenderRefused(Exception):
    """The photo is at fault. reason: the broken rule in kebab case. facts: its figures, such as the megapixels found
    and allowed. Both are shown to the person."""

    def __init__(self, reason: str, facts: Mapping[str, float] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.facts = dict(facts or {})


OnStage = Callable[[str, int], None]
"""(stage, percent of the whole). What it raises ends the render."""


class Engine(Protocol):
    """Turns a photo into a picture by a preset. A model on a GPU can stand in."""

    def render(self, photo: bytes, preset: str, on_stage: OnStage, wanted: Wanted = AS_THE_PRESET) -> Picture:
        """Raises RenderRefused when the photo is at fault, EngineStopped when this worker ends; anything else is worth
        another try."""
        ...

    def close(self) -> None:
        """Give up what is being rendered, with EngineStopped, and render nothing any more."""
        ...


class Outputs(Protocol):
    """Where finished pictures are kept, sealed under the account's key."""

    def put(self, account_id: str, output_id: str, data: bytes) -> int:
        """Store a picture, replacing an earlier attempt; returns its size. Raises KeyDestroyed after an erasure
        and OutputsUnavailable."""
        ...

    def delete(self, account_id: str, output_id: str) -> None:
        """Forget a picture that may or may not be there. Raises OutputsUnavailable."""
        ...


class Tasks(Protocol):
    """The part of the kernel's TaskQueue that is needed here."""

    def enqueue(
        self, tx: Transaction, kind: str, key: str, payload: dict[str, object], account_id: str = "", delay_s: float = 0
    ) -> None: ...

    def complete(self, tx: Transaction, task: Task) -> None: ...
