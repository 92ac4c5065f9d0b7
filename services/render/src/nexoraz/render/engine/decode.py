"""Photos into sRGB pixels, through libvips, with the header read and judged before any pixel is.

Only the loaders of `LOADERS` exist for this process once this module is imported: every other loader of libvips is
blocked, so that a file cannot choose a parser that nobody meant to expose.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyvips

from nexoraz.render.engine import limits, sniff
from nexoraz.render.engine.orientation import WHOLE, Box, stored, upright
from nexoraz.render.engine.port import Photo, Pixels
from nexoraz.render.engine.profiles import BUILT_IN
from nexoraz.render.engine.refusals import (
    PhotoTooHeavy,
    PictureAnimated,
    PictureBomb,
    PictureDamaged,
    PictureTooLarge,
    PictureTooSmall,
    PictureTruncated,
    UnsupportedType,
)
from nexoraz.render.presets.wanted import Profile

LOADERS = {sniff.JPEG: "jpeg", sniff.PNG: "png", sniff.WEBP: "webp", sniff.AVIF: "heif"}
Result = TypeVar("Result")

pyvips.operation_block_set("VipsForeignLoad", True)
for _loader in ("Jpeg", "Png", "Webp", "Heif"):
    pyvips.operation_block_set(f"VipsForeignLoad{_loader}", False)
pyvips.cache_set_max(0)  # a render must not find another's pixels, nor keep its own


@dataclass(frozen=True, slots=True)
class OpenPhoto:
    """A photo whose header was accepted. Width and height are those of the upright picture."""

    content: bytes
    media_type: str
    width: int
    height: int
    orientation: int
    has_alpha: bool


def open_photo(photo: Photo) -> OpenPhoto:
    """Judge a photo by its first bytes and its header; no pixel is decoded. Raises every `Refusal` that these show."""
    content = _bytes_of(photo)
    kind = sniff.media_type(content[: sniff.HEAD_BYTES])
    if kind not in LOADERS:
        raise UnsupportedType(kind)
    header = _guarded(kind, content, lambda: _load(content, kind, 1))
    _judge(header, kind, content)
    orientation = header.get("orientation") if header.get_typeof("orientation") else 1
    turned = orientation in (5, 6, 7, 8)
    width, height = (header.height, header.width) if turned else (header.width, header.height)
    return OpenPhoto(content, kind, width, height, orientation, bool(header.hasalpha()))


def read(photo: OpenPhoto, scale: float, box: Box = WHOLE, profile: Profile = "srgb") -> Pixels:
    """The part `box` of the photo at `scale` (at most 1), upright, in the colours of the profile, with 3 bands, or 4 if
    it has an alpha.

    Raises `PictureTruncated` or `PictureDamaged`.
    """
    return _guarded(photo.media_type, photo.content, lambda: _read(photo, min(scale, 1.0), box, profile))


def _bytes_of(photo: Photo) -> bytes:
    if isinstance(photo, Path):
        with photo.open("rb") as stream:
            content = stream.read(limits.FILE_BYTES + 1)
    else:
        content = photo if isinstance(photo, bytes) else photo.read(limits.FILE_BYTES + 1)
    if len(content) > limits.FILE_BYTES:
        raise PhotoTooHeavy(limits.FILE_BYTES)
    return content


def _load(content: bytes, kind: str, shrink: int) -> pyvips.Image:
    """Decoding by DCT scaling for JPEG, by libwebp's scaler for WebP; the others come whole, as a stream of rows."""
    options: dict[str, object] = {"access": "sequential", "fail_on": "truncated"}
    if kind == sniff.JPEG:
        options["shrink"] = shrink
    if kind == sniff.WEBP:
        options["scale"] = 1.0 / shrink
    return getattr(pyvips.Image, f"{LOADERS[kind]}load_buffer")(content, **options)


def _judge(header: pyvips.Image, kind: str, content: bytes) -> None:
    frames = header.get("n-pages") if header.get_typeof("n-pages") and kind == sniff.WEBP else 1
    if kind == sniff.PNG:
        frames = sniff.png_frames(content[: sniff.HEAD_BYTES])
    if frames > 1:
        raise PictureAnimated(frames)
    megapixels = header.width * header.height / 1e6
    if megapixels > limits.MEGAPIXELS:
        raise PictureTooLarge(round(megapixels, 1), limits.MEGAPIXELS)
    if min(header.width, header.height) < limits.SMALLEST_SIDE:
        raise PictureTooSmall(header.width, header.height, limits.SMALLEST_SIDE)
    unpacked = header.width * header.height * header.bands * (2 if header.format == "ushort" else 1)
    if unpacked > limits.BOMB_FLOOR and unpacked > len(content) * limits.BOMB_RATIO[kind]:
        raise PictureBomb(unpacked, len(content))


def _read(photo: OpenPhoto, scale: float, box: Box, profile: Profile) -> Pixels:
    shrink = _whole_shrink(photo.media_type, scale)
    image = _load(photo.content, photo.media_type, shrink)
    wanted = stored(box, photo.orientation)
    left, top = int(wanted.left * image.width), int(wanted.top * image.height)
    right, bottom = math.ceil(wanted.right * image.width), math.ceil(wanted.bottom * image.height)
    if (left, top, right, bottom) != (0, 0, image.width, image.height):
        image = image.crop(left, top, right - left, bottom - top)
    if scale * shrink < 1:
        image = image.resize(scale * shrink, kernel="lanczos3")
    pixels: Pixels = np.asarray(_coloured(image, profile).numpy())
    return np.ascontiguousarray(upright(pixels, photo.orientation))


def _whole_shrink(kind: str, scale: float) -> int:
    """The largest power of two to shrink by while decoding that leaves some more pixels than are wanted."""
    if kind not in (sniff.JPEG, sniff.WEBP):
        return 1
    return next((shrink for shrink in (8, 4, 2) if scale * shrink * 1.1 <= 1), 1)


def _coloured(image: pyvips.Image, profile: Profile) -> pyvips.Image:
    """By the embedded profile where there is one, by the usual meaning of the bands where not; 8 bits, 3 or 4 bands."""
    cmyk, embedded = image.interpretation == "cmyk", bool(image.get_typeof("icc-profile-data"))
    if not (cmyk or embedded):
        image = image.colourspace("srgb")
    if cmyk or embedded or profile != "srgb":
        image = image.icc_transform(
            BUILT_IN[profile], embedded=True, input_profile="cmyk" if cmyk else "srgb",
            intent="relative", black_point_compensation=True, depth=8,
        )  # fmt: skip
    image = image.colourspace("srgb")
    return image.cast("uchar") if image.format != "uchar" else image


def _guarded(kind: str, content: bytes, work: Callable[[], Result]) -> Result:
    try:
        return work()
    except pyvips.Error as failure:
        lines = [line for line in str(failure.detail or failure.message).splitlines() if line.strip()]
        detail = (lines or ["no detail"])[0][:200]
        if "out of memory" in str(failure):
            raise MemoryError from failure
        if sniff.ends_early(kind, content):
            raise PictureTruncated(kind) from failure
        raise PictureDamaged(kind, detail) from failure
