"""Small image filters made of box blurs, so that their cost does not grow with their radius."""

import cv2
import numpy as np

from nexoraz.render.engine.port import Colours, Plane

EPSILON = 1e-6


def box(values: Plane, radius: int) -> Plane:
    """The mean over a square of 2·radius + 1; works per band."""
    side = 2 * radius + 1
    return np.asarray(cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT_101), np.float32)


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

    `guide` is a colour picture, so edges that differ only in hue count. Apply them with `np.sum(a * guide, 2) + b`;
    computed small and enlarged they filter a large picture (He, Sun 2015).
    """
    mean, mean_plane = box(guide, radius), box(plane, radius)
    covariance = box(guide * plane[..., None], radius) - mean * mean_plane[..., None]
    slope = _solve(_second_moments(guide, mean, radius, epsilon), covariance)
    offset = mean_plane - np.sum(slope * mean, axis=2)
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
    where nothing is near.
    """
    height, width = weight.shape
    total = max(float(weight.mean()), EPSILON)
    fallback = np.asarray((colours * weight[..., None]).mean(axis=(0, 1)) / total, np.float32)
    known = np.broadcast_to(fallback, colours.shape).copy()
    variance = np.full((height, width), 0.02, np.float32)
    square = np.sum(colours * colours, axis=2) * weight
    for size in _doublings(radius, max(height, width)):
        share = box(weight, size)
        trust = np.clip(share * 50.0, 0.0, 1.0)
        mean = box(colours * weight[..., None], size) / (share + EPSILON)[..., None]
        local = box(square, size) / (share + EPSILON) - np.sum(mean * mean, axis=2)
        known += trust[..., None] * (mean - known)
        variance += trust * (np.maximum(local, 0.0) - variance)
    return known, variance


def _doublings(radius: int, longest: int) -> list[int]:
    """Radii from the largest useful one down to `radius`."""
    radii = [radius]
    while radii[-1] * 2 < longest // 2:
        radii.append(radii[-1] * 2)
    return radii[:5][::-1]
