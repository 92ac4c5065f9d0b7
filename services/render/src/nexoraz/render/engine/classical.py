"""The fallback segmenter: GrabCut (Rother, Kolmogorov, Blake 2004), told where to begin.

GrabCut is as good as its beginning. Here that is a saliency of three witnesses: how unlike the colours of the photo's
border a pixel is, how little its colour group touches that border (Zhu et al. 2014), and how near the middle it lies.
The cut is made on a small copy first and its outcome sharpened on a larger one. It needs no weights, and it says that
it is a fallback: thin parts and parts coloured like the background are lost.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from nexoraz.render.engine.filters import gaussian
from nexoraz.render.engine.port import Pixels, Plane

SCALES = ((200, 5), (480, 3))
"""Longest side in pixels and rounds of GrabCut, from coarse to fine."""
GROUPS = 24
BORDER_GROUPS = 6
BORDER = 0.04
"""Width of the border whose colours stand for the background, as a share of the shorter side."""
STANDING_OUT = 6.0
"""Distance in CIELAB from the border's colours below which nothing stands out at all."""
SOLID_HULL = 0.62
"""A salient part that fills this share of its convex hull is begun with the hull; a spindly one as it is."""
OPEN = 0.10
"""How far from an earlier cut's outline everything is open again, as a share of the longer side."""
SEED = 20_111


class ClassicalSegmenter:
    """Satisfies `Segmenter` with nothing but OpenCV."""

    name = "classical"
    is_fallback = True

    def segment(self, pixels: Pixels) -> Plane:
        height, width = pixels.shape[:2]
        saliency = _saliency(_resized(pixels, SCALES[0][0]))
        cut = _seeded(saliency)
        for side, rounds in SCALES if cut.any() else ():
            cut = _cut(_resized(pixels, side), cut, rounds)
        soft = gaussian(_filled(cut).astype(np.float32), 0.8)
        mask = cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC)
        return np.asarray(np.clip(mask, 0.0, 1.0), np.float32)


def _resized(pixels: Pixels, side: int) -> Pixels:
    height, width = pixels.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _saliency(pixels: Pixels) -> Plane:
    """How much every pixel seems to be of the product: 0 to 1; low everywhere when nothing stands out."""
    lab = np.asarray(cv2.cvtColor(pixels.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB), np.float32)
    unlike = _unlike_border(lab)
    apart = _apart_from_border(lab)
    y, x = np.mgrid[0 : lab.shape[0], 0 : lab.shape[1]].astype(np.float32)
    off_x, off_y = x / lab.shape[1] - 0.5, y / lab.shape[0] - 0.5
    central = np.exp(-(off_x**2 + off_y**2) / 0.22)
    strongest = max(float(np.percentile(unlike, 99)), STANDING_OUT)
    combined = np.clip(unlike / strongest, 0.0, 1.0) * (0.25 + 0.75 * apart) * central
    combined = combined + 0.35 * apart * central * min(1.0, strongest / 40.0)
    return gaussian(np.asarray(combined, np.float32), 1.5) * float(strongest > STANDING_OUT)


def _border_mask(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    width = max(2, round(BORDER * min(shape[:2])))
    mask = np.ones(shape[:2], np.bool_)
    mask[width:-width, width:-width] = False
    return mask


def _unlike_border(lab: NDArray[np.float32]) -> Plane:
    """The distance in CIELAB to the nearest of the border's main colours, each with its own spread."""
    samples = lab[_border_mask(lab.shape)]
    labels, centres = _grouped(samples, BORDER_GROUPS)
    nearest = np.full(lab.shape[:2], np.inf, np.float32)
    for group, centre in enumerate(centres):
        members = samples[labels == group]
        if len(members) < 0.04 * len(samples):
            continue
        spread = max(float(members.std(axis=0).mean()), 2.0)
        distance = np.linalg.norm(lab - centre, axis=2) - spread
        nearest = np.minimum(nearest, np.maximum(distance, 0.0))
    return np.asarray(nearest, np.float32)


def _apart_from_border(lab: NDArray[np.float32]) -> Plane:
    """1 where a pixel's colour group lies within the photo, 0 where the group runs along its border."""
    height, width = lab.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    place = np.stack([x, y], axis=2) * (24.0 / max(height, width))
    features = np.concatenate([lab, place], axis=2).reshape(-1, 5)
    labels, centres = _grouped(np.ascontiguousarray(features, np.float32), GROUPS)
    area = np.bincount(labels, minlength=len(centres)).astype(np.float32)
    edge = np.zeros((height, width), np.bool_)
    edge[[0, -1], :] = edge[:, [0, -1]] = True
    along = np.bincount(labels[edge.ravel()], minlength=len(centres)).astype(np.float32)
    touching = along / np.sqrt(np.maximum(area, 1.0))
    return np.asarray(np.exp(-(touching**2) / 0.6)[labels].reshape(height, width), np.float32)


def _grouped(samples: NDArray[np.float32], groups: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """K-means with a fixed seed: the group of every sample, and the groups' centres."""
    cv2.setRNGSeed(SEED)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
    labels = np.zeros((len(samples), 1), np.int32)
    _, found, centres = cv2.kmeans(samples, groups, labels, criteria, 2, cv2.KMEANS_PP_CENTERS)
    return np.asarray(found, np.int32).ravel(), np.asarray(centres, np.float32)


def _seeded(saliency: Plane) -> NDArray[np.uint8]:
    """The salient part, by Otsu's threshold, as 0 and 1; empty when nothing is salient."""
    if float(saliency.max()) < 0.12:
        return np.zeros(saliency.shape, np.uint8)
    levels = np.clip(saliency / saliency.max() * 255, 0, 255).astype(np.uint8)
    threshold, _ = cv2.threshold(levels, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    salient = _filled((levels > 0.8 * threshold).astype(np.uint8))
    hull = _hulls(salient)
    return hull if float(salient.sum()) > SOLID_HULL * float(hull.sum()) else salient


def _hulls(cut: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Every part of a cut made convex: what lies between two salient parts of a thing is of the thing."""
    outlines, _ = cv2.findContours(cut, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = np.zeros_like(cut)
    for outline in outlines:
        cv2.fillConvexPoly(hull, cv2.convexHull(outline), (1,))
    return hull


def _cut(pixels: Pixels, before: NDArray[np.uint8], rounds: int) -> NDArray[np.uint8]:
    """GrabCut from an earlier cut of any size: near its outline everything is open, far from it nothing is."""
    height, width = pixels.shape[:2]
    start = cv2.resize(before, (width, height), interpolation=cv2.INTER_NEAREST)
    reach = max(3, round((OPEN if width <= SCALES[0][0] else OPEN / 3) * max(height, width)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    plan = np.where(start > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    plan[cv2.erode(start, kernel) > 0] = cv2.GC_FGD
    plan[cv2.dilate(start, kernel) == 0] = cv2.GC_BGD
    plan[_border_mask(plan.shape) & (start == 0)] = cv2.GC_BGD
    if not (plan == cv2.GC_PR_FGD).any() or not (plan == cv2.GC_BGD).any():
        return np.asarray(start, np.uint8)
    cv2.setRNGSeed(SEED)
    below, above, bgr = np.zeros((1, 65)), np.zeros((1, 65)), np.ascontiguousarray(pixels[..., ::-1])
    cv2.grabCut(bgr, plan, (0, 0, width, height), below, above, rounds, cv2.GC_INIT_WITH_MASK)
    return np.isin(plan, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)


def _filled(cut: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The larger parts of a cut, their outlines smoothed and their holes closed: a product is seldom perforated."""
    side = max(3, round(0.018 * max(cut.shape)) | 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    smooth = cv2.morphologyEx(cv2.morphologyEx(cut, cv2.MORPH_CLOSE, kernel), cv2.MORPH_OPEN, kernel)
    outlines, _ = cv2.findContours(smooth, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    areas = [cv2.contourArea(outline) for outline in outlines]
    large = [outline for outline, area in zip(outlines, areas, strict=True) if area >= 0.08 * max(areas)]
    filled = np.zeros_like(cut)
    if large:
        cv2.drawContours(filled, large, -1, 1, cv2.FILLED)
    return filled
