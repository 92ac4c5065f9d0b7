"""From a coarse mask to a clean cut-out: the edge found again in the photo, the old background taken out of it.

A segmenter's mask is right about what the product is and vague about where it ends: its pixel covers many of the
photo's. Within that vague band every pixel is explained as a mixture, `pixel = share·product + (1 - share)·background`,
of the colours on both sides (measured nearby), weighed against the mask where both sides look alike; a colour guided
filter then makes the shares follow the photo's edges. Colours of the band are freed of the background in the same
model, so that no halo of the old one is left on the new one.

The model is estimated on a small copy and applied to the full picture tile by tile: memory does not grow with the
picture, and time grows with its edges.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from nexoraz.render.engine.filters import box, dot, guided_coefficients, spread
from nexoraz.render.engine.port import Colours, Pixels, Plane

MODEL_SIDE = 720
"""Longest side of the small copy, in pixels."""
TILE = 160
"""Side, in pixels, of the parts of the full picture that are worked on at once; most hold no edge and cost nothing."""
NOISE = 0.06**2
"""Variance of a photo's colour that is always assumed: grain, texture and compression."""
PRIOR = 25.0
"""How much the mask's own share weighs against the colours' evidence (an inverse variance)."""


@dataclass(frozen=True, slots=True)
class Model:
    """What was learned on the small copy; every plane has its size."""

    slope: Colours
    offset: Plane
    inside: Plane
    """1 where the product is certain."""
    outside: Plane
    """1 where the background is certain."""
    trust: Plane
    """How far the colours decide and the mask does not: near 1 where product and background differ clearly."""
    product: Colours
    background: Colours


def cut_out(pixels: Pixels, mask: Plane, vagueness: float) -> Pixels:
    """The product as 8-bit RGBA (not premultiplied) with the size of `pixels`.

    `mask` has the same width and height; `vagueness` is how many pixels wide one pixel of the segmenter's own grid
    is. Where the result is opaque its colours are the photo's own, untouched; where it is transparent they are the
    product's nearest, so that the picture can be resampled as it is.
    """
    height, width = mask.shape
    shrink = min(1.0, MODEL_SIDE / max(height, width))
    size = (max(8, round(width * shrink)), max(8, round(height * shrink)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255.0
    small_mask = np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.float32)
    model = _learn(small, small_mask, max(2, round(vagueness * shrink * 1.25)))
    result = np.empty((height, width, 4), np.uint8)
    for tile in _tiles(height, width):
        result[tile.top : tile.bottom, tile.left : tile.right] = _apply(model, pixels, mask, tile)
    return result


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of the full picture, in its pixels, and the full picture's size."""

    top: int
    left: int
    bottom: int
    right: int
    height: int
    width: int

    def of(self, plane: Plane) -> Plane:
        """This part of a plane of the small copy, as if that had been enlarged to the full picture."""
        scale_x, scale_y = plane.shape[1] / self.width, plane.shape[0] / self.height
        shift_x, shift_y = (self.left + 0.5) * scale_x - 0.5, (self.top + 0.5) * scale_y - 0.5
        matrix = np.array([[scale_x, 0.0, shift_x], [0.0, scale_y, shift_y]], np.float32)
        size, flags = (self.right - self.left, self.bottom - self.top), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(plane, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE))


def _tiles(height: int, width: int) -> Iterator[Tile]:
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            yield Tile(top, left, min(top + TILE, height), min(left + TILE, width), height, width)


def _learn(photo: Colours, mask: Plane, radius: int) -> Model:
    inside, outside = _certain(mask, radius)
    share, trust = _shares(photo, mask, inside, outside, radius)
    slope, offset = guided_coefficients(photo, share, max(2, radius // 2), 2e-4)
    share = np.clip(dot(slope, photo) + offset, 0.0, 1.0)
    product, _ = spread(photo, _eroded(share > 0.95, 1), max(2, radius // 2))
    background, _ = spread(photo, _eroded(share < 0.05, 1), max(2, radius // 2))
    return Model(slope, offset, inside, outside, box(trust, radius), product, background)


def _certain(mask: Plane, radius: int) -> tuple[Plane, Plane]:
    """Where the mask is sure and not within `radius` of a place where it is not."""
    return _eroded(mask > 0.8, radius), _eroded(mask < 0.2, radius)


def _eroded(where: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], radius: int) -> Plane:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    plane = where.astype(np.uint8)
    return np.asarray(cv2.erode(plane, kernel, borderType=cv2.BORDER_REPLICATE), np.float32)


def _shares(photo: Colours, mask: Plane, inside: Plane, outside: Plane, radius: int) -> tuple[Plane, Plane]:
    """The product's share of every pixel by least squares, the mask as the prior; and how far to trust it."""
    product, product_variance = spread(photo, inside, radius)
    background, background_variance = spread(photo, outside, radius)
    difference = product - background
    spreading = mask * product_variance + (1 - mask) * background_variance + NOISE
    contrast = dot(difference, difference) / spreading
    evidence = dot(difference, photo - background) / spreading
    share = np.clip((evidence + PRIOR * mask) / (contrast + PRIOR), 0.0, 1.0)
    share = np.where(inside > 0, 1.0, np.where(outside > 0, 0.0, share))
    return share.astype(np.float32), np.asarray(contrast / (contrast + PRIOR), np.float32)


def _apply(model: Model, pixels: Pixels, mask: Plane, tile: Tile) -> Pixels:
    """One tile of the full picture, as RGBA."""
    part = pixels[tile.top : tile.bottom, tile.left : tile.right]
    result = np.empty((*part.shape[:2], 4), np.uint8)
    inside, outside = tile.of(model.inside), tile.of(model.outside)
    if outside.min() >= 1.0:
        result[:] = 0
        return result
    result[..., :3], result[..., 3] = part, 255
    if inside.min() < 1.0:
        _separate(model, mask[tile.top : tile.bottom, tile.left : tile.right], tile, result)
    return result


def _separate(model: Model, mask: Plane, tile: Tile, result: Pixels) -> None:
    """Fill the opacity of a tile that holds an edge, and free the colours there of the background, in place."""
    photo = result[..., :3].astype(np.float32) / 255.0
    share = dot(tile.of(model.slope), photo) + tile.of(model.offset)
    crisp, trust = np.clip((mask - 0.35) / 0.5, 0.0, 1.0), tile.of(model.trust)
    share = crisp + trust * (np.clip((share - 0.06) / 0.88, 0.0, 1.0) - crisp)
    share = np.maximum(share, tile.of(model.inside)) * (1.0 - tile.of(model.outside))
    share = np.clip((share - 0.02) / 0.96, 0.0, 1.0)[..., None]
    product, background = tile.of(model.product), tile.of(model.background)
    rest = photo - share * product - (1.0 - share) * background
    colours = np.where(share > 0.0, np.clip(product + share * rest, 0.0, 1.0), product)
    result[..., 3] = np.rint(share[..., 0] * 255.0)
    np.copyto(result[..., :3], np.rint(colours * 255.0).astype(np.uint8), where=share < 0.999)
