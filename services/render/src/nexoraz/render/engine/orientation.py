"""EXIF orientation as one transposition and two flips, for pixels and for boxes.

Turning is done on the few pixels that are kept, after cutting and shrinking, so that decoding stays a stream.
"""

from dataclasses import dataclass

from nexoraz.render.engine.port import Pixels


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a picture, in shares of its width (x) and height (y) from 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float


WHOLE = Box(0.0, 0.0, 1.0, 1.0)
TURNS = {
    1: (False, False, False),
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}
"""Orientation (EXIF 2.32, tag 0x0112) → transpose, then flip the rows, then flip the columns."""


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """The stored pixels as the person who took the photo saw them."""
    transpose, rows, columns = TURNS[orientation]
    turned = pixels.swapaxes(0, 1) if transpose else pixels
    return turned[:: -1 if rows else 1, :: -1 if columns else 1]


def stored(box: Box, orientation: int) -> Box:
    """Where a box of the upright picture lies in the stored one."""
    transpose, rows, columns = TURNS[orientation]
    top, bottom = (1 - box.bottom, 1 - box.top) if rows else (box.top, box.bottom)
    left, right = (1 - box.right, 1 - box.left) if columns else (box.left, box.right)
    return Box(top, left, bottom, right) if transpose else Box(left, top, right, bottom)
