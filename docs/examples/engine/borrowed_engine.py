"""An engine of somebody else: the mask comes from their model, the scenes and the files from ours.

`ask` is where a call to a machine with a GPU goes; here it takes for the product what is unlike the corners.
"""

import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from nexoraz.events.event import kebab
from nexoraz.render.application.ports import EngineStopped, OnStage, Picture, RenderRefused
from nexoraz.render.engine.pipeline import Engine
from nexoraz.render.engine.port import Pixels, Plane, Stage
from nexoraz.render.engine.refusals import Refusal
from nexoraz.render.presets.catalogue import find
from nexoraz.render.presets.wanted import AS_THE_PRESET, Wanted

Ask = Callable[[Pixels], Plane]


def unlike_the_corners(pixels: Pixels) -> Plane:
    """The share to which each pixel is the product, 0 to 1."""
    seen = pixels.astype(np.float32)
    corners = np.stack([seen[0, 0], seen[0, -1], seen[-1, 0], seen[-1, -1]])
    far = np.min(np.linalg.norm(seen[None] - corners[:, None, None], axis=3), axis=0)
    return np.asarray(np.clip((far - 40.0) / 60.0, 0.0, 1.0), np.float32)


class BorrowedSegmenter:
    name, is_fallback = "borrowed", False

    def __init__(self, ask: Ask) -> None:
        self.segment = ask


class BorrowedEngine:
    """The Engine port of render's worker; at most `count` renders at the same time."""

    def __init__(self, count: int, _model_dir: Path | None, ask: Ask = unlike_the_corners) -> None:
        self._engine = Engine(BorrowedSegmenter(ask))
        self._seats = threading.BoundedSemaphore(count)
        self._closed = False

    def render(self, photo: bytes, preset: str, on_stage: OnStage, wanted: Wanted = AS_THE_PRESET) -> Picture:
        def told(stage: Stage, share: float) -> None:
            self._go_on()
            on_stage(stage.value, int(100 * share))

        with self._seats:
            self._go_on()
            try:
                done = self._engine.render(photo, find(preset), told, wanted)
            except Refusal as refusal:
                figures = {name: value for name, value in asdict(refusal).items() if isinstance(value, int | float)}
                raise RenderRefused(kebab(type(refusal).__name__), figures) from refusal
        return Picture(done.data, done.media_type, done.width, done.height, done.engine, done.is_fallback)

    def close(self) -> None:
        self._closed = True

    def _go_on(self) -> None:
        if self._closed:
            raise EngineStopped
