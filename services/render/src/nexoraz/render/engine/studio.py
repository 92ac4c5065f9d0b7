"""A studio: a backdrop that curves from wall to floor, lit from above and from the left, and the shadows it gives.

Three shadows make a thing stand: the thin dark line where it touches the floor, the darkness close around its foot,
and the wide soft shade to the side away from the light. All are made of the cut-out's own outline, on a small copy.
"""

import cv2
import numpy as np

from nexoraz.render.engine.filters import gaussian
from nexoraz.render.engine.placing import STRIP, Extent
from nexoraz.render.engine.port import Colours, Pixels, Plane
from nexoraz.render.presets.preset import Studio

SHRINK = 4
"""Backdrop and shadows are computed on a copy this many times smaller; both are smooth."""
SQUASH, SHEAR = 0.30, 0.32
"""How the outline lies on the floor as a shadow: its height there, and how far its top leans from the light."""


def backdrop(scene: Studio) -> Colours:
    """The empty studio on the small copy, 0 to 1: wall, floor, a pool of light behind the product, a soft fall-off."""
    side = scene.side // SHRINK
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    turn = smooth((y - (scene.standing - 0.26)) / 0.22)[..., None]
    wall, floor = np.array(scene.wall, np.float32) / 255.0, np.array(scene.floor, np.float32) / 255.0
    ground = wall + turn * (floor - wall)
    pool = np.exp(-(((x - 0.46) / 0.42) ** 2 + ((y - 0.44) / 0.46) ** 2))
    fall = 0.10 * ((x - 0.46) ** 2 + 0.8 * (y - 0.55) ** 2)
    return np.asarray(np.clip(ground * (1.0 - fall + 0.075 * (pool - 0.35))[..., None], 0.0, 1.0), np.float32)


def shadow(outline: Plane, product: Extent, strength: float) -> Plane:
    """How much light is missing, 0 to 1, for the product's opacity `outline` at `product` on the small copy."""
    side = outline.shape[0]
    contact = gaussian(_moved(outline, 0.0, 0.004 * side), 0.0045 * side)
    near = gaussian(_moved(outline, 0.010 * side, 0.014 * side), 0.018 * side)
    wide = gaussian(_lying(outline, product), 0.045 * side)
    foot = _foot(outline.shape, product)
    lit = (1.0 - 0.55 * strength * contact * foot**2) * (1.0 - 0.5 * strength * near * foot)
    return np.asarray(1.0 - lit * (1.0 - 0.42 * strength * wide), np.float32)


def _moved(plane: Plane, right: float, down: float) -> Plane:
    return _warped(plane, np.array([[1, 0, right], [0, 1, down]], np.float32))


def _lying(outline: Plane, product: Extent) -> Plane:
    """The outline thrown on the floor, its foot staying where it is."""
    foot = product.bottom - 0.12 * product.height
    matrix = [[1.0, -SHEAR * SQUASH, SHEAR * SQUASH * foot], [0.0, SQUASH, (1.0 - SQUASH) * foot]]
    return _warped(outline, np.array(matrix, np.float32))


def _warped(plane: Plane, matrix: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Plane:
    return np.asarray(cv2.warpAffine(plane, matrix, (plane.shape[1], plane.shape[0])), np.float32)


def _foot(shape: tuple[int, ...], product: Extent) -> Plane:
    """1 at the product's lower edge, falling to 0 at the middle of its height: above that nothing touches the floor."""
    rows = np.arange(shape[0], dtype=np.float32)
    return smooth((rows - (product.bottom - 0.6 * product.height)) / (0.55 * product.height))[:, None]


def smooth(value: Plane) -> Plane:
    """From 0 to 1 without a corner at either end."""
    inside = np.clip(value, 0.0, 1.0)
    return np.asarray(inside * inside * (3.0 - 2.0 * inside), np.float32)


def painted(light: Colours, width: int, height: int) -> Pixels:
    """The small copy enlarged to the canvas and rounded with a fixed fine grain, so that no gradient shows bands."""
    fixed = np.rint(np.clip(light, 0.0, 1.0) * 65280.0).astype(np.uint16)
    large = np.asarray(cv2.resize(fixed, (width, height), interpolation=cv2.INTER_LINEAR), np.uint16)
    grain = np.random.default_rng(1).integers(0, 256, (STRIP, width, 1), np.uint16)
    for top in range(0, height, STRIP):
        large[top : top + STRIP] += grain[: height - top]
    return np.asarray(large >> 8, np.uint8)
