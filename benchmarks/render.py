"""A 12-megapixel photo rendered by the engine and by Pillow, side by side in one run.

The photo is what phones make: JPEG, stored on its side, with a Display P3 profile. Two figures per preset:

- *picture work*: decode, turn upright, to sRGB, preview, cut, shrink, backdrop and shadows, blend, encode. Both sides
  are given the same opacity. Pillow's side does what its manual says, with the same shortcuts as ours (shadows on a
  copy of a quarter of the size).
- *whole render* (of one preset): the same with segmentation and the refinement of the edge, for which Pillow has
  nothing: its side uses ours.

NEXORAZ_MODEL_DIR names the weights' directory (var/model).
"""

import io
import os
import statistics
import time
from collections.abc import Callable
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyvips
from PIL import Image, ImageChops, ImageCms, ImageFilter, ImageOps

from benchmarks.figures import Figure
from benchmarks.parts import Parts
from nexoraz.render.engine import decode
from nexoraz.render.engine.choice import choose
from nexoraz.render.engine.compose import compose, product_side
from nexoraz.render.engine.encode import encode
from nexoraz.render.engine.orientation import Box
from nexoraz.render.engine.pipeline import Engine
from nexoraz.render.engine.port import Pixels, Segmenter
from nexoraz.render.engine.refine import cut_out
from nexoraz.render.presets.catalogue import find
from nexoraz.render.presets.preset import Plain, Preset, Studio, Transparent

ROUNDS = 3
WIDE, HIGH = 4032, 3024
BOX = Box(0.07, 0.02, 0.87, 0.98)
"""Where the product is in the upright photo, as the engine finds it."""


class Row(NamedTuple):
    """One figure: ours, Pillow's, and how many times faster ours is."""

    name: str
    value: float
    unit: str
    reference: float
    ratio: float


def phone_photo() -> bytes:
    """The coffee cup of scikit-image at 12 megapixels with grain, as a phone would store it."""
    source = Image.open(io.BytesIO((files("skimage") / "data" / "coffee.png").read_bytes())).convert("RGB")
    large = np.asarray(source.resize((WIDE, HIGH), Image.Resampling.BICUBIC), np.int16)
    grain = np.random.default_rng(1).normal(0, 3, (HIGH, WIDE, 1))
    stored = np.rot90(np.clip(large + grain, 0, 255).astype(np.uint8))
    tagged = pyvips.Image.black(1, 1, bands=3).copy(interpretation="srgb").jpegsave_buffer(profile="p3")
    exif, sink = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6
    profile = pyvips.Image.jpegload_buffer(tagged).get("icc-profile-data")
    Image.fromarray(stored).save(sink, "JPEG", quality=92, exif=exif, icc_profile=profile)
    return sink.getvalue()


def ours(photo: bytes, preset: Preset) -> bytes:
    """The picture work as the engine does it."""
    opened = decode.open_photo(photo)
    decode.read(opened, 640 / max(opened.width, opened.height))
    longest = max((BOX.right - BOX.left) * opened.width, (BOX.bottom - BOX.top) * opened.height)
    pixels = decode.read(opened, min(1.0, product_side(preset.scene) * 1.01 / longest), BOX)
    cut = np.dstack([pixels, _ellipse(pixels.shape[1], pixels.shape[0])])
    return encode(compose(cut, preset.scene), preset.format, preset.quality)


def pillows(photo: bytes, preset: Preset) -> bytes:
    """The same steps by Pillow."""
    upright = _opened_by_pillow(photo)
    upright.copy().thumbnail((640, 640))
    wide, high = upright.size
    box = (int(BOX.left * wide), int(BOX.top * high), int(BOX.right * wide), int(BOX.bottom * high))
    scale = min(1.0, product_side(preset.scene) * 1.01 / max(box[2] - box[0], box[3] - box[1]))
    size = (round((box[2] - box[0]) * scale), round((box[3] - box[1]) * scale))
    product = upright.crop(box).resize(size, Image.Resampling.LANCZOS)
    return _finished_by_pillow(product, _ellipse(*size), preset)


def _opened_by_pillow(photo: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(photo))
    profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    upright = ImageOps.exif_transpose(image)
    converted = ImageCms.profileToProfile(
        upright, profile, ImageCms.createProfile("sRGB"), flags=ImageCms.Flags.BLACKPOINTCOMPENSATION
    )
    assert converted is not None
    return converted


def _finished_by_pillow(product: Image.Image, opacity: Pixels, preset: Preset) -> bytes:
    product.putalpha(Image.fromarray(opacity))
    sink, scene = io.BytesIO(), preset.scene
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    match scene:
        case Transparent():
            margin = round(max(product.size) * scene.margin)
            canvas = Image.new("RGBA", (product.width + 2 * margin, product.height + 2 * margin))
            canvas.paste(product, (margin, margin))
            canvas.save(sink, "PNG", compress_level=4, icc_profile=profile)
        case Plain():
            canvas = Image.new("RGB", (scene.side, scene.side), scene.colour)
            place = ((scene.side - product.width) // 2, (scene.side - product.height) // 2)
            canvas.paste(product, place, product)
            canvas.save(sink, "JPEG", quality=preset.quality, subsampling=0, optimize=True, icc_profile=profile)
        case Studio():
            canvas = _studio_by_pillow(product, scene)
            canvas.save(sink, "JPEG", quality=preset.quality, subsampling=0, optimize=True, icc_profile=profile)
    return sink.getvalue()


def _studio_by_pillow(product: Image.Image, scene: Studio) -> Image.Image:
    side, small = scene.side, scene.side // 4
    wall, floor = Image.new("RGB", (small, small), scene.wall), Image.new("RGB", (small, small), scene.floor)
    backdrop = Image.composite(floor, wall, Image.linear_gradient("L").resize((small, small)))
    pool = Image.radial_gradient("L").resize((small, small)).point(lambda level: 255 - level // 8)
    backdrop = ImageChops.multiply(backdrop, pool.convert("RGB"))
    left, top = (side - product.width) // 2, round(side * scene.standing) - product.height
    outline = Image.new("L", (small, small))
    tiny = product.getchannel("A").resize((product.width // 4, product.height // 4), Image.Resampling.BOX)
    outline.paste(tiny, (left // 4, top // 4))
    lying = outline.transform((small, small), Image.Transform.AFFINE, (1, 0.3, -60, 0, 3.3, -900))
    for shadow, radius in ((outline, 2.3), (outline, 9.0), (lying, 22.0)):
        shade = shadow.filter(ImageFilter.GaussianBlur(radius)).point(lambda level: 255 - level // 3)
        backdrop = ImageChops.multiply(backdrop, shade.convert("RGB"))
    canvas = backdrop.resize((side, side), Image.Resampling.BILINEAR)
    canvas.paste(product, (left, top), product)
    return canvas


@cache
def _ellipse(width: int, height: int) -> Pixels:
    y, x = np.ogrid[0:height, 0:width]
    far = np.sqrt(((x - width / 2) / (0.497 * width)) ** 2 + ((y - height / 2) / (0.497 * height)) ** 2)
    return np.asarray(np.clip((1.0 - far) * 200 + 0.5, 0, 1) * 255, np.uint8)


def _medians(*works: Callable[[], object]) -> list[float]:
    """Milliseconds of each, the median of some rounds in turn (the machine is shared) after one that does not count."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS + 1):
        for times, work in zip(taken, works, strict=True):
            start = time.perf_counter()
            work()
            times.append((time.perf_counter() - start) * 1000)
    return [statistics.median(times[1:]) for times in taken]


def _assisted(photo: bytes, preset: Preset, segmenter: Segmenter) -> bytes:
    """Pillow's picture work with our segmenter and our refinement, for which it has nothing of its own."""
    opened = decode.open_photo(photo)
    segmenter.segment(decode.read(opened, 640 / max(opened.width, opened.height)))
    longest = max((BOX.right - BOX.left) * opened.width, (BOX.bottom - BOX.top) * opened.height)
    part = decode.read(opened, min(1.0, product_side(preset.scene) / longest), BOX)
    cut_out(part, np.asarray(_ellipse(part.shape[1], part.shape[0]), np.float32) / 255.0, 6.0)
    return pillows(photo, preset)


def run() -> list[Row]:
    """All figures, in milliseconds; a ratio above 1 means that the engine is faster. The whole render of one preset
    stands for the others: they differ by the picture work only."""
    photo, rows = phone_photo(), []
    for preset_id in ("marketplace-white", "studio-soft", "cutout-transparent"):
        preset = find(preset_id)
        mine, theirs = _medians(partial(ours, photo, preset), partial(pillows, photo, preset))
        rows.append(Row(f"12-megapixel picture work, {preset_id}", mine, "ms", theirs, theirs / mine))
    segmenter, preset = choose(Path(os.environ.get("NEXORAZ_MODEL_DIR") or "var/model")), find("marketplace-white")
    engine = Engine(segmenter)
    whole, assisted = _medians(partial(engine.render, photo, preset), partial(_assisted, photo, preset, segmenter))
    name = f"12-megapixel render with {segmenter.name}, {preset.id}"
    return [*rows, Row(name, whole, "ms", assisted, assisted / whole)]


def figures(_parts: Parts) -> list[Figure]:
    """The rows as figures: our milliseconds beside Pillow's."""
    return [Figure(row.name, row.value, row.unit, "Pillow", row.reference, "<= 0.5") for row in run()]
