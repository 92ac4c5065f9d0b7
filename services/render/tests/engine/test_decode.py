"""Whatever way a photo is stored, its pixels come out upright, in sRGB, in 8 bits."""

from collections.abc import Callable

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageOps

from nexoraz.render.engine import decode
from nexoraz.render.engine.orientation import Box
from nexoraz.render.engine.port import Pixels

Saved = Callable[..., bytes]
ORIENTATION = 0x0112


def pixels_of(content: bytes, scale: float = 1.0) -> Pixels:
    return decode.read(decode.open_photo(content), scale)


def test_only_four_formats_can_be_loaded_in_this_process() -> None:
    """Blocked in libvips itself: a TIFF or an SVG is not parsed even when asked for by name."""
    tiff = pyvips.Image.black(8, 8).tiffsave_buffer()
    with pytest.raises(pyvips.Error):
        pyvips.Image.tiffload_buffer(tiff)
    with pytest.raises(pyvips.Error):
        pyvips.Image.svgload_buffer(b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_upright_whatever_its_orientation(disc: Pixels, saved: Saved, orientation: int, kind: str) -> None:
    """Pillow's own reading of the flag is the reference, for the whole and for a part."""
    marked = disc.copy()
    marked[:90, :120] = (20, 200, 40)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    stored = saved(marked, kind, exif=exif, **options)
    right = Image.fromarray(marked)
    right.getexif()[ORIENTATION] = orientation
    upright = np.asarray(ImageOps.exif_transpose(right))
    photo = decode.open_photo(stored)
    assert (photo.height, photo.width) == upright.shape[:2]
    assert np.abs(decode.read(photo, 1.0).astype(int) - upright).mean() < 2
    part = decode.read(photo, 1.0, Box(0.25, 0.5, 0.75, 1.0))
    high, wide = upright.shape[:2]
    assert np.abs(part.astype(int) - upright[high // 2 :, wide // 4 : wide * 3 // 4]).mean() < 2


def test_a_wide_gamut_profile_is_honoured(saved: Saved) -> None:
    """Display P3 (0.6, 0.4, 0.3) is sRGB (162, 100, 71): without the profile it would look like (153, 102, 77)."""
    profile = pyvips.Image.black(1, 1, bands=3).copy(interpretation="srgb").jpegsave_buffer(profile="p3")
    icc = pyvips.Image.jpegload_buffer(profile).get("icc-profile-data")
    pixels = pixels_of(saved(np.full((64, 64, 3), (153, 102, 77), np.uint8), "PNG", icc_profile=icc))
    assert np.abs(pixels.reshape(-1, 3).mean(axis=0) - (160, 100, 74)).max() <= 3.0


def test_cmyk_becomes_srgb(saved: Saved) -> None:
    pixels = pixels_of(saved(Image.new("CMYK", (64, 64), (0, 255, 255, 0)), "JPEG", quality=95))
    red, green, blue = pixels.reshape(-1, 3).mean(axis=0)
    assert pixels.shape == (64, 64, 3)
    assert red > 180
    assert max(green, blue) < 90


def test_grey_becomes_three_equal_bands(saved: Saved) -> None:
    pixels = pixels_of(saved(np.full((64, 64), 90, np.uint8), "JPEG"))
    assert np.array_equal(pixels, np.full((64, 64, 3), 90, np.uint8))


def test_sixteen_bits_become_eight(saved: Saved) -> None:
    black = pyvips.Image.black(64, 64, bands=3)
    content = black.linear([1, 1, 1], [65535, 32896, 0]).cast("ushort").copy(interpretation="rgb16")
    pixels = pixels_of(content.pngsave_buffer(bitdepth=16))
    assert pixels.dtype == np.uint8
    assert pixels[10, 10].tolist() == [255, 128, 0]


def test_a_palette_is_resolved(disc: Pixels, saved: Saved) -> None:
    pixels = pixels_of(saved(Image.fromarray(disc).quantize(32), "PNG"))
    assert pixels.shape == disc.shape


def test_avif_is_read(disc: Pixels, saved: Saved) -> None:
    assert np.abs(pixels_of(saved(disc, "AVIF", quality=90)).astype(int) - disc).mean() < 3


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("scale", [0.5, 0.1])
def test_shrinking_while_decoding_gives_the_same_picture(disc: Pixels, saved: Saved, kind: str, scale: float) -> None:
    size = (round(480 * scale), round(360 * scale))
    right = np.asarray(Image.fromarray(disc).resize(size, Image.Resampling.LANCZOS), int)
    pixels = pixels_of(saved(disc, kind, quality=95), scale)
    assert pixels.shape == right.shape
    assert np.abs(pixels.astype(int) - right).mean() < 3
