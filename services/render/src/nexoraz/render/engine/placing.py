"""The cut-out brought to its exact size and laid on a canvas."""

from dataclasses import dataclass

import cv2
import numpy as np

from nexoraz.render.engine.port import Pixels, Plane
from nexoraz.render.engine.refusals import NothingToCutOut

STRIP = 128
"""Rows blended at once, so that the intermediate values stay small."""
SOLID = 128
"""Opacity from which a pixel counts as the product when it is measured."""
TOLERANCE = 0.004
"""A size that is off by no more than this share is right: resampling would cost more sharpness than it gains."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Rows `top` to `bottom` and columns `left` to `right`, the latter exclusive, in pixels."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def longest(self) -> int:
        return max(self.width, self.height)


def extent(plane: Plane | Pixels, threshold: float) -> Extent:
    """The smallest rectangle that holds every value of at least `threshold`; raises `NothingToCutOut`."""
    solid = plane >= threshold
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    if not rows.size:
        raise NothingToCutOut(0.0)
    return Extent(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def fitted(cut_out: Pixels, longest: int | None) -> Pixels:
    """The RGBA cut-out, trimmed to its product with a few soft pixels, its longer side `longest` pixels long.

    With None the size stays as it is. Colours beside the product are the product's own, so resampling them
    together with the opacity mixes nothing foreign in.
    """
    found = extent(cut_out[..., 3], SOLID)
    pad = max(2, found.longest // 100)
    height, width = cut_out.shape[:2]
    trimmed = cut_out[
        max(0, found.top - pad) : min(height, found.bottom + pad),
        max(0, found.left - pad) : min(width, found.right + pad),
    ]
    scale = 1.0 if longest is None else longest / found.longest
    return trimmed if abs(scale - 1) <= TOLERANCE else _scaled(trimmed, scale)


def _scaled(picture: Pixels, scale: float) -> Pixels:
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    if scale < 1:
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    smooth = picture.copy()
    smooth[..., 3] = cv2.GaussianBlur(picture[..., 3], (0, 0), 0.9)
    large = np.asarray(cv2.resize(smooth, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    blurred = cv2.GaussianBlur(large[..., :3], (0, 0), 0.6 * scale)
    large[..., :3] = cv2.addWeighted(large[..., :3], 1.35, blurred, -0.35, 0)
    large[..., 3] = _steeper(large[..., 3], min(1.3 * scale, 5.0))
    return large


def _steeper(opacity: Pixels, factor: float) -> Pixels:
    """An enlarged edge is as many times wider, and smoothed before so that it has no steps; this narrows it."""
    levels = np.arange(256, dtype=np.float32) / 255.0
    table = np.clip(0.5 + (levels - 0.5) * (0.4 + 0.6 * factor), 0.0, 1.0)
    return np.asarray(np.rint(table * 255.0).astype(np.uint8)[opacity])


def lay(canvas: Pixels, picture: Pixels, centre_x: float, bottom: float | None = None) -> Extent:
    """Blend the RGBA picture into the RGB canvas, in place; its product is centred on the column `centre_x`.

    It stands on the row `bottom`, or is centred between top and bottom. Returns where the product now is.
    """
    found = extent(picture[..., 3], SOLID)
    left = round(centre_x - (found.left + found.right) / 2)
    middle = canvas.shape[0] / 2 - (found.top + found.bottom) / 2
    top = round(middle if bottom is None else bottom - found.bottom)
    rows, columns = _overlap(top, picture.shape[0], canvas.shape[0]), _overlap(left, picture.shape[1], canvas.shape[1])
    for start in range(rows.start, rows.stop, STRIP):
        stop = min(start + STRIP, rows.stop)
        target = canvas[top + start : top + stop, left + columns.start : left + columns.stop]
        _blend(target, picture[start:stop, columns])
    return Extent(found.left + left, found.top + top, found.right + left, found.bottom + top)


def _overlap(offset: int, length: int, room: int) -> slice:
    """The part of a picture of `length` at `offset` that lies on a canvas of `room`."""
    return slice(max(0, -offset), min(length, room - offset))


def _blend(below: Pixels, above: Pixels) -> None:
    """Lay RGBA over RGB, in place. Exact: an opacity of 255 gives the upper colour, of 0 leaves the lower one.

    Most pixels are one or the other and are copied; only an edge's are computed.
    """
    opacity = above[..., 3]
    solid = opacity == 255
    cv2.copyTo(cv2.cvtColor(above, cv2.COLOR_RGBA2RGB), solid.view(np.uint8), below)
    edge = np.nonzero((opacity > 0) & ~solid)
    share = opacity[edge].astype(np.uint32)[:, None]
    below[edge] = (above[..., :3][edge] * share + below[edge] * (255 - share) + 127) // 255
