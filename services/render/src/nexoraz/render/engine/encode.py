"""Finished pixels into a file: tagged with the profile of their colours, and nothing else in it about the photo or the
person."""

from typing import Any

import numpy as np
import pyvips

from nexoraz.render.engine.port import Pixels
from nexoraz.render.engine.profiles import BUILT_IN
from nexoraz.render.presets.preset import Format
from nexoraz.render.presets.wanted import Profile

MEDIA_TYPES: dict[Format, str] = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "avif": "image/avif",
}


def encode(pixels: Pixels, kind: Format, quality: int, profile: Profile = "srgb") -> bytes:
    """The file of an 8-bit picture in the colours of the profile, with 3 bands, or 4 where the format knows
    transparency."""
    data: bytes = _image(pixels).write_to_buffer(f".{kind}", **_options(kind, quality, profile))
    return data


def shrunk(pixels: Pixels, longest: int | None) -> Pixels:
    """At most `longest` pixels a side; transparent colours mix by their opacity."""
    if longest is None or max(pixels.shape[:2]) <= longest:
        return pixels
    small = _image(pixels).thumbnail_image(longest, height=longest, size="down")
    return np.ascontiguousarray(small.numpy())


def _image(pixels: Pixels) -> pyvips.Image:
    height, width, bands = pixels.shape
    content = np.ascontiguousarray(pixels)
    image = pyvips.Image.new_from_memory(content.data, width, height, bands, "uchar")
    return image.copy(interpretation="srgb")


def _options(kind: Format, quality: int, profile: Profile) -> dict[str, Any]:
    """Full colour resolution everywhere: halved, red products fringe on white."""
    tagged: dict[str, Any] = {"profile": BUILT_IN[profile], "keep": "icc"}
    match kind:
        case "jpeg":
            return {**tagged, "Q": quality, "subsample_mode": "off", "optimize_coding": True}
        case "png":
            return {**tagged, "compression": 4, "filter": "sub"}
        case "webp":
            return {**tagged, "Q": quality, "effort": 3, "smart_subsample": True}
        case "avif":
            return {**tagged, "Q": quality, "effort": 3, "subsample_mode": "off"}
