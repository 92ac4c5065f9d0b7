"""The render from end to end."""

from dataclasses import dataclass

import cv2
import numpy as np

from nexoraz.render.engine import decode, refine
from nexoraz.render.engine.colours import in_p3
from nexoraz.render.engine.compose import compose, product_side
from nexoraz.render.engine.decode import OpenPhoto
from nexoraz.render.engine.encode import MEDIA_TYPES, encode, shrunk
from nexoraz.render.engine.orientation import WHOLE, Box
from nexoraz.render.engine.placing import extent
from nexoraz.render.engine.port import OnProgress, Photo, Pixels, Plane, Rendered, Segmenter, Stage
from nexoraz.render.engine.refusals import NothingToCutOut
from nexoraz.render.presets.preset import Preset, Transparent
from nexoraz.render.presets.wanted import AS_THE_PRESET, Profile, Wanted, applied

PREVIEW_SIDE = 640
"""Longest side, in pixels, of what a segmenter is shown."""
SEGMENTER_SIDE = 320
"""How many pixels of its own a segmenter is taken to have along a side, when its vagueness is judged."""
CLOSER = 0.6
"""A product that takes less than this share of the photo's longer side is looked at a second time, closer."""
LEAST, MOST = 0.002, 0.97
"""Shares of the photo that a product may cover."""
SPECK = 0.03
"""Parts smaller than this share of the largest part are not part of the product."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where the product is: its mask, of the part `box` of the photo."""

    mask: Plane
    box: Box


@dataclass(frozen=True, slots=True)
class Engine:
    """Renders photos with one segmenter. Keeps nothing between two renders."""

    segmenter: Segmenter

    def render(
        self,
        photo: Photo,
        preset: Preset,
        on_progress: OnProgress = lambda _stage, _done: None,
        wanted: Wanted = AS_THE_PRESET,
    ) -> Rendered:
        """The finished picture. Raises a `Refusal` when the photo is at fault, and whatever `on_progress` raises."""
        preset = applied(preset, wanted)
        on_progress(Stage.DECODE, 0.0)
        opened = decode.open_photo(photo)
        preview, opacity = _preview(opened, WHOLE)
        on_progress(Stage.CUT_OUT, 0.1)
        sighting = self._sight(opened, preview) if opacity is None else Sighting(opacity, WHOLE)
        on_progress(Stage.REFINE, 0.55)
        cut_out, scale = _cut_out(opened, sighting, product_side(preset.scene), opacity is not None, wanted.profile)
        on_progress(Stage.COMPOSE, 0.8)
        product = extent(cut_out[..., 3], 128).longest
        scene = preset.scene if wanted.profile == "srgb" else in_p3(preset.scene)
        picture = shrunk(compose(cut_out, scene), wanted.longest)
        on_progress(Stage.ENCODE, 0.9)
        data = encode(picture, preset.format, preset.quality, wanted.profile)
        on_progress(Stage.ENCODE, 1.0)
        grown = scale if isinstance(preset.scene, Transparent) else scale * product_side(preset.scene) / product
        return self._rendered(data, preset, picture, opacity is not None, grown)

    def _rendered(self, data: bytes, preset: Preset, picture: Pixels, own_alpha: bool, grown: float) -> Rendered:
        name = "alpha" if own_alpha else self.segmenter.name
        fallback = self.segmenter.is_fallback and not own_alpha
        height, width = picture.shape[:2]
        return Rendered(data, MEDIA_TYPES[preset.format], width, height, name, fallback, round(grown, 3))

    def _sight(self, photo: OpenPhoto, preview: Pixels) -> Sighting:
        """Find the product, and look closer when it is small. Raises `NothingToCutOut`."""
        mask = _without_specks(self.segmenter.segment(preview))
        _require_product(mask)
        box = _around(mask, WHOLE, 0.12)
        wide, high = (box.right - box.left) * photo.width, (box.bottom - box.top) * photo.height
        if max(wide, high) > CLOSER * max(photo.width, photo.height):
            return Sighting(mask, WHOLE)
        closer, _ = _preview(photo, box)
        second = _without_specks(self.segmenter.segment(closer))
        return Sighting(second, box) if float((second > 0.5).mean()) > LEAST else Sighting(mask, WHOLE)


def _preview(photo: OpenPhoto, box: Box) -> tuple[Pixels, Plane | None]:
    """The part `box` at preview size, and the photo's own opacity if it says anything."""
    wide, high = (box.right - box.left) * photo.width, (box.bottom - box.top) * photo.height
    pixels = decode.read(photo, min(1.0, PREVIEW_SIDE / max(wide, high)), box)
    if pixels.shape[2] == 3:
        return pixels, None
    opacity = np.ascontiguousarray(pixels[..., 3])
    meaningful = float((opacity < 128).mean()) > 0.01
    share = np.asarray(opacity, np.float32) / 255.0 if meaningful else None
    return np.ascontiguousarray(pixels[..., :3]), share


def _require_product(mask: Plane) -> None:
    coverage = float((mask > 0.5).mean())
    if not LEAST <= coverage <= MOST:
        raise NothingToCutOut(round(coverage, 4))


def _without_specks(mask: Plane) -> Plane:
    """The mask without parts that are tiny beside the largest one."""
    count, labels, statistics, _ = cv2.connectedComponentsWithStats((mask > 0.25).astype(np.uint8))
    if count <= 2:
        return mask
    areas = statistics[:, cv2.CC_STAT_AREA]
    kept = areas >= SPECK * areas[1:].max()
    kept[0] = False
    near = cv2.dilate(kept[labels].astype(np.uint8), np.ones((7, 7), np.uint8))
    return np.asarray(mask * near, np.float32)


def _around(mask: Plane, box: Box, margin: float) -> Box:
    """The product's part of the photo with a margin (a share of its longer side); `mask` shows the part `box`."""
    found = extent(mask, 0.3)
    height, width = mask.shape
    pad = margin * found.longest + 4
    across, down = box.right - box.left, box.bottom - box.top
    return Box(
        box.left + across * max(0.0, found.left - pad) / width,
        box.top + down * max(0.0, found.top - pad) / height,
        box.left + across * min(float(width), found.right + pad) / width,
        box.top + down * min(float(height), found.bottom + pad) / height,
    )


def _cut_out(
    photo: OpenPhoto, sighting: Sighting, wanted: int, own_alpha: bool, profile: Profile
) -> tuple[Pixels, float]:
    """The product from the full photo, as RGBA, at the scale at which it is `wanted` pixels long (at most 1)."""
    if own_alpha:
        _require_product(sighting.mask)
    product = _around(sighting.mask, sighting.box, 0.0)
    longest = max((product.right - product.left) * photo.width, (product.bottom - product.top) * photo.height)
    scale = min(1.0, wanted * 1.01 / longest)
    box = _around(sighting.mask, sighting.box, 0.08)
    pixels = decode.read(photo, scale, box, profile)
    if own_alpha:
        return pixels, scale
    mask = _cut_mask(sighting, box, pixels.shape[1], pixels.shape[0])
    shown = (sighting.box.right - sighting.box.left) * photo.width
    tall = (sighting.box.bottom - sighting.box.top) * photo.height
    vagueness = max(shown, tall) * scale / SEGMENTER_SIDE
    return refine.cut_out(np.ascontiguousarray(pixels[..., :3]), mask, vagueness), scale


def _cut_mask(sighting: Sighting, box: Box, width: int, height: int) -> Plane:
    """The part of the mask that shows `box`, at the given size."""
    rows, columns = sighting.mask.shape
    across, down = sighting.box.right - sighting.box.left, sighting.box.bottom - sighting.box.top
    left, top = (box.left - sighting.box.left) / across * columns, (box.top - sighting.box.top) / down * rows
    step_x = (box.right - box.left) / across * columns / width
    step_y = (box.bottom - box.top) / down * rows / height
    shift = [[step_x, 0.0, left + 0.5 * step_x - 0.5], [0.0, step_y, top + 0.5 * step_y - 0.5]]
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    matrix = np.array(shift, np.float32)
    warped = cv2.warpAffine(sighting.mask, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(np.clip(warped, 0.0, 1.0), np.float32)
