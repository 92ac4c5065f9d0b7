"""What the engine takes and gives, and the one thing in it that has several implementations: the segmenter."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""Height by width by 3, sRGB, 0 to 255."""
Plane = NDArray[np.float32]
"""Height by width; a mask when its values are shares from 0 (background) to 1 (product)."""
Colours = NDArray[np.float32]
"""Height by width by 3, sRGB, 0 to 1."""

Photo = bytes | Path | BinaryIO
"""A photo as sent by a person: its bytes, the path of a file, or a stream read to its end."""


class Stage(StrEnum):
    """The stages of a render, in order."""

    DECODE = "decode"
    CUT_OUT = "cut-out"
    REFINE = "refine"
    COMPOSE = "compose"
    ENCODE = "encode"


OnProgress = Callable[[Stage, float], None]
"""Called at each stage's beginning with the share of the whole that is done (0 to 1, never falling), and once more
with `ENCODE, 1.0`. What it raises ends the render, so that a caller can cancel."""


class Segmenter(Protocol):
    """Tells product from background. Implementations pass `tests/engine/test_segmenters.py`.

    Promises: the mask has the pixels' height and width, values in 0 to 1, and is the same for the same pixels;
    the pixels are not changed; where nothing stands out the mask is low everywhere, and nothing is raised.
    """

    @property
    def name(self) -> str:
        """What is recorded with a render as its engine."""

    @property
    def is_fallback(self) -> bool:
        """Whether a better segmenter exists that could not be used here."""

    def segment(self, pixels: Pixels) -> Plane:
        """The soft mask of the product in a photo of any size of at least 16 × 16; 640 a side is enough."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished picture and how it came about."""

    data: bytes
    media_type: str
    width: int
    height: int
    engine: str
    """The segmenter's name, or "alpha" when the photo brought its own transparency."""
    is_fallback: bool
    """Whether the mask came from a segmenter that says of itself that it is the fallback."""
    enlargement: float
    """Output pixels per photo pixel along one side of the product; above 1 the photo was small for this preset."""
