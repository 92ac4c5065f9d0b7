"""From a coarse mask to a clean cut-out: the edge found again in the photo, the old background taken out of it.

A segmenter's mask is right about what the product is and vague about where it ends: its pixel covers many of the
photo's. Within that vague band every pixel is explained as a mixture, `pixel = share·product + (1 - share)·background`,
of the colours on both sides (measured nearby), weighed against the mask where both sides look alike; a colour guided
filter then makes the shares follow the photo's edges. Colours of the band are freed of the background in the same
model, so that no halo of the old one is left on the new one.

The model is estimated on a small copy and applied to the full picture in strips: memory does not grow with the picture.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from nexoraz.render.engine.filters import box, guided_coefficients, spread
from nexoraz.render.engine.port import Colours, Pixels, Plane

MODEL_SIDE = 720
"""Longest side of the small copy, in pixels."""
STRIP = 192
"""Rows of the full picture that are worked on at once."""
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
    for top in range(0, height, STRIP):
        bottom = min(top + STRIP, height)
        result[top:bottom] = _apply(model, pixels[top:bottom], mask[top:bottom], top, height)
    return result


def _learn(photo: Colours, mask: Plane, radius: int) -> Model:
    inside, outside = _certain(mask, radius)
    share, trust = _shares(photo, mask, inside, outside, radius)
    slope, offset = guided_coefficients(photo, share, max(2, radius // 2), 2e-4)
    share = np.clip(np.sum(slope * photo, axis=2) + offset, 0.0, 1.0)
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
    contrast = np.sum(difference * difference, axis=2) / spreading
    evidence = np.sum(difference * (photo - background), axis=2) / spreading
    share = np.clip((evidence + PRIOR * mask) / (contrast + PRIOR), 0.0, 1.0)
    share = np.where(inside > 0, 1.0, np.where(outside > 0, 0.0, share))
    return share.astype(np.float32), contrast / (contrast + PRIOR)


def _apply(model: Model, strip: Pixels, mask: Plane, top: int, height: int) -> Pixels:
    """One strip of the full picture and its mask; `top` is its first row and `height` the whole picture's."""
    rows, width = strip.shape[:2]
    photo = strip.astype(np.float32) / 255.0

    def enlarged(plane: Plane) -> Plane:
        return _rows(plane, top, rows, height, width)

    share = np.sum(enlarged(model.slope) * photo, axis=2) + enlarged(model.offset)
    crisp, trust = np.clip((mask - 0.35) / 0.5, 0.0, 1.0), enlarged(model.trust)
    share = crisp + trust * (np.clip((share - 0.06) / 0.88, 0.0, 1.0) - crisp)
    share = np.maximum(share, enlarged(model.inside)) * (1.0 - enlarged(model.outside))
    share = np.clip((share - 0.02) / 0.96, 0.0, 1.0)
    result = np.empty((rows, width, 4), np.uint8)
    result[..., 3] = np.rint(share * 255.0)
    result[..., :3] = strip
    mixed = (share > 0.0) & (share < 0.999)
    product, background = enlarged(model.product), enlarged(model.background)
    beside = share <= 0.0
    result[beside, :3] = np.rint(product[beside] * 255.0)
    part = share[mixed][:, None]
    rest = photo[mixed] - part * product[mixed] - (1.0 - part) * background[mixed]
    result[mixed, :3] = np.rint(np.clip(product[mixed] + part * rest, 0.0, 1.0) * 255.0)
    return result


def _rows(plane: Plane, top: int, rows: int, height: int, width: int) -> Plane:
    """Rows `top` to `top + rows` of `plane` as if it had been enlarged to `height` × `width`."""
    scale_x, scale_y = plane.shape[1] / width, plane.shape[0] / height
    matrix = np.array([[scale_x, 0.0, 0.5 * scale_x - 0.5], [0.0, scale_y, (top + 0.5) * scale_y - 0.5]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(plane, matrix, (width, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE))
