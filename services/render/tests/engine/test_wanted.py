"""The file that comes out is the one that was wanted: format, size, quality, colours."""

import io
from collections.abc import Callable

import msgspec
import numpy as np
import pytest
import pyvips
from PIL import Image, ImageCms

from nexoraz.render.engine.colours import in_p3
from nexoraz.render.engine.pipeline import Engine
from nexoraz.render.engine.port import Pixels, Rendered
from nexoraz.render.presets.catalogue import find
from nexoraz.render.presets.preset import Plain, Preset, Sheet
from nexoraz.render.presets.wanted import FormatWithoutTransparency, Wanted

Saved = Callable[..., bytes]
PEACH = find("social-square")
SMALL = msgspec.structs.replace(find("marketplace-white"), scene=Plain(256, 0.85, (255, 255, 255)))


def render(engine: Engine, photo: bytes, preset: Preset, wanted: Wanted) -> tuple[Rendered, Image.Image]:
    rendered = engine.render(photo, preset, wanted=wanted)
    return rendered, Image.open(io.BytesIO(rendered.data))


@pytest.fixture
def photo(disc: Pixels, saved: Saved) -> bytes:
    return saved(disc, "PNG")


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif"])
@pytest.mark.parametrize("profile", ["srgb", "display-p3"])
def test_each_format_comes_out_with_its_profile(quick: Engine, photo: bytes, kind: str, profile: str) -> None:
    wanted = Wanted(format=kind, longest=128, profile=profile)  # type: ignore[arg-type]
    rendered, image = render(quick, photo, SMALL, wanted)
    assert (rendered.media_type, image.size) == (f"image/{kind}", (128, 128))
    name = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"])))
    assert ("P3" in name) == (profile == "display-p3"), name


def test_a_picture_is_made_smaller_and_never_larger(quick: Engine, photo: bytes) -> None:
    small, _ = render(quick, photo, find("social-portrait"), Wanted(longest=675))
    assert (small.width, small.height) == (540, 675)
    large, _ = render(quick, photo, find("social-portrait"), Wanted(longest=4096))
    assert (large.width, large.height) == (1080, 1350)


def test_a_smaller_cut_out_has_no_dark_edge(quick: Engine, photo: bytes) -> None:
    _, image = render(quick, photo, find("cutout-transparent"), Wanted(longest=64))
    pixels = np.asarray(image)
    edge = pixels[(pixels[..., 3] > 60) & (pixels[..., 3] < 200)]
    assert edge.size and edge[:, 0].min() > 120, "the red of the product, not the black of nothing"


def test_a_lower_quality_is_a_smaller_file(quick: Engine, photo: bytes) -> None:
    sizes = [len(render(quick, photo, PEACH, Wanted(quality=q))[0].data) for q in (30, 95)]
    assert sizes[0] * 2 < sizes[1]


def test_jpeg_is_refused_for_what_is_transparent(quick: Engine, photo: bytes) -> None:
    with pytest.raises(FormatWithoutTransparency):
        render(quick, photo, find("cutout-transparent"), Wanted(format="jpeg"))
    _, image = render(quick, photo, find("cutout-transparent"), Wanted(format="avif", longest=128))
    assert image.mode == "RGBA"


def wide(colour: tuple[int, int, int]) -> bytes:
    """A disc of a Display P3 colour on grey, tagged so."""
    y, x = np.mgrid[0:300, 0:300]
    inside = ((x - 150) ** 2 + (y - 150) ** 2 < 90**2)[..., None]
    pixels = np.where(inside, colour, (150, 150, 150)).astype(np.uint8)
    image = pyvips.Image.new_from_memory(pixels.tobytes(), 300, 300, 3, "uchar").copy(interpretation="srgb")
    data: bytes = image.write_to_buffer(".png", profile="p3")
    return data


def test_a_wide_colour_is_kept_when_it_is_asked_for_and_else_brought_to_srgb(quick: Engine) -> None:
    red = (235, 30, 30)
    _, kept = render(quick, wide(red), SMALL, Wanted("png", profile="display-p3"))
    _, narrow = render(quick, wide(red), SMALL, Wanted("png"))
    assert np.abs(np.asarray(kept)[128, 128].astype(int) - red).max() <= 4
    assert np.asarray(narrow)[128, 128][0] >= 250, "sRGB has no such red"


def test_a_scene_has_the_same_colours_in_both_profiles(quick: Engine, photo: bytes) -> None:
    _, srgb = render(quick, photo, PEACH, Wanted("png"))
    _, p3 = render(quick, photo, PEACH, Wanted("png", profile="display-p3"))
    profiles = [ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"])) for image in (p3, srgb)]
    back = ImageCms.profileToProfile(p3, profiles[0], profiles[1])
    assert back is not None
    corners = [np.asarray(image)[:200, :200].astype(int) for image in (back, srgb)]
    assert np.abs(corners[0] - corners[1]).mean() < 1.5
    assert np.abs(np.asarray(p3)[:200, :200].astype(int) - corners[1]).mean() > 2, "the numbers differ"


def test_white_stays_white_and_cells_are_converted_too() -> None:
    sheet = Sheet(1, 256, 0, (Plain(256, 0.5, (255, 255, 255)), Plain(256, 0.5, (255, 0, 0))))
    first, second = in_p3(sheet).cells
    assert isinstance(first, Plain) and isinstance(second, Plain)
    assert (first.colour, second.colour) == ((255, 255, 255), (234, 51, 35))
