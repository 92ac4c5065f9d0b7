"""Finished pixels into a file: tagged sRGB, and nothing else in it about the photo or the person."""

from typing import Any

import numpy as np
import pyvips

from nexoraz.render.engine.port import Pixels
from nexoraz.render.presets.preset import Format

MEDIA_TYPES: dict[Format, str] = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "avif": "image/avif",
}


def encode(pixels: Pixels, kind: Format, quality: int) -> bytes:
    """The file of an 8-bit sRGB picture with 3 bands, or 4 where the format knows transparency."""
    height, width, bands = pixels.shape
    content = np.ascontiguousarray(pixels)
    image = pyvips.Image.new_from_memory(content.data, width, height, bands, "uchar")
    image = image.copy(interpretation="srgb")
    data: bytes = image.write_to_buffer(f".{kind}", **_options(kind, quality))
    return data


def _options(kind: Format, quality: int) -> dict[str, Any]:
    """Full colour resolution everywhere: halved, red products fringe on white."""
    tagged: dict[str, Any] = {"profile": "srgb", "keep": "icc"}
    match kind:
        case "jpeg":
            return {**tagged, "Q": quality, "subsample_mode": "off", "optimize_coding": True}
        case "png":
            return {**tagged, "compression": 4, "filter": "sub"}
        case "webp":
            return {**tagged, "Q": quality, "effort": 3, "smart_subsample": True}
        case "avif":
            return {**tagged, "Q": quality, "effort": 3, "subsample_mode": "off"}
