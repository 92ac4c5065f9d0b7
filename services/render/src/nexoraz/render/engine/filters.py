"""Small image filters made of box blurs, so that their cost does not grow with their radius."""

import cv2
import numpy as np

from nexoraz.render.engine.port import Colours, Plane

EPSILON = 1e-6


def box(values: Plane, radius: int) -> Plane:
    """The mean over a square of 2·radius + 1; works per band."""
    side = 2 * radius + 1
    return np.asarray(cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT_101), np.float32)


def dot(left: Colours, right: Colours) -> Plane:
    """The sum over the bands of their products."""
    return np.asarray(np.einsum("ijk,ijk->ij", left, right), np.float32)


def gaussian(plane: Plane, sigma: float) -> Plane:
    """A Gaussian blur; beyond a sigma of 6 it is done on a smaller copy, where the difference cannot be seen."""
    if sigma <= 6:
        return np.asarray(cv2.GaussianBlur(plane, (0, 0), max(sigma, 0.3), borderType=cv2.BORDER_REPLICATE))
    shrink = sigma / 4
    height, width = plane.shape[:2]
    size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
    small = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(small, (0, 0), 4.0, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(blurred, (width, height), interpolation=cv2.INTER_CUBIC))


def guided_coefficients(guide: Colours, plane: Plane, radius: int, epsilon: float) -> tuple[Colours, Plane]:
    """The local linear models plane ≈ a·guide + b of the guided filter (He, Sun, Tang 2010), averaged.

    `guide` is a colour picture, so edges that differ only in hue count. Apply them with `dot(a, guide) + b`;
    computed small and enlarged they filter a large picture (He, Sun 2015).
    """
    mean, mean_plane = box(guide, radius), box(plane, radius)
    covariance = box(guide * plane[..., None], radius) - mean * mean_plane[..., None]
    slope = _solve(_second_moments(guide, mean, radius, epsilon), covariance)
    offset = mean_plane - dot(slope, mean)
    return box(slope, radius), box(offset, radius)


def _second_moments(guide: Colours, mean: Colours, radius: int, epsilon: float) -> list[Plane]:
    """The symmetric 3 × 3 covariance of the guide's bands at every pixel: rr, rg, rb, gg, gb, bb."""
    moments: list[Plane] = []
    for first in range(3):
        for second in range(first, 3):
            product = box(guide[..., first] * guide[..., second], radius) - mean[..., first] * mean[..., second]
            moments.append(np.asarray(product + epsilon if first == second else product, np.float32))
    return moments


def _solve(moments: list[Plane], right: Colours) -> Colours:
    """Solve the symmetric 3 × 3 system at every pixel by its adjugate."""
    rr, rg, rb, gg, gb, bb = moments
    c_rr, c_rg, c_rb = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    c_gg, c_gb, c_bb = rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg
    determinant = rr * c_rr + rg * c_rg + rb * c_rb
    x, y, z = right[..., 0], right[..., 1], right[..., 2]
    rows = (c_rr * x + c_rg * y + c_rb * z, c_rg * x + c_gg * y + c_gb * z, c_rb * x + c_gb * y + c_bb * z)
    return np.asarray(np.stack(rows, axis=2) / (determinant + 1e-12)[..., None], np.float32)


def spread(colours: Colours, weight: Plane, radius: int) -> tuple[Colours, Plane]:
    """The mean colour of the weighted pixels nearby, known at every pixel, and its variance there.

    Where no weighted pixel lies within `radius` a doubled radius answers, and so on: what is far counts only
    where nothing is near. The wider radii are worked out on a copy of a quarter of the size.
    """
    height, width = weight.shape
    size = (max(1, width // 4), max(1, height // 4))
    weighted, square = colours * weight[..., None], dot(colours, colours) * weight
    few = [_shrunk(plane, size) for plane in (weighted, square, weight)]
    known, variance = _far(few[0], few[1], few[2], max(1, radius // 2))
    known = np.asarray(cv2.resize(known, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    variance = np.asarray(cv2.resize(variance, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    _near(known, variance, weighted, square, weight, radius)
    return known, variance


def _shrunk(plane: Plane, size: tuple[int, int]) -> Plane:
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)


def _far(weighted: Colours, square: Plane, weight: Plane, radius: int) -> tuple[Colours, Plane]:
    """From the mean of the whole picture, refined by ever smaller surroundings down to `radius`."""
    mean = weighted.mean(axis=(0, 1)) / max(float(weight.mean()), EPSILON)
    known = np.broadcast_to(np.asarray(mean, np.float32), weighted.shape).copy()
    variance = np.full(weight.shape, 0.02, np.float32)
    radii = [radius << doubling for doubling in range(5) if radius << doubling < max(weight.shape)]
    for size in reversed(radii):
        _near(known, variance, weighted, square, weight, size)
    return known, variance


def _near(known: Colours, variance: Plane, weighted: Colours, square: Plane, weight: Plane, radius: int) -> None:
    """Replace, in place, what is known by what the surroundings within `radius` say, where they say anything."""
    share = box(weight, radius)
    trust = np.clip(share * 50.0, 0.0, 1.0)
    scale = 1.0 / (share + EPSILON)
    mean = box(weighted, radius) * scale[..., None]
    local = np.maximum(box(square, radius) * scale - dot(mean, mean), 0.0)
    known += trust[..., None] * (mean - known)
    variance += trust * (local - variance)
