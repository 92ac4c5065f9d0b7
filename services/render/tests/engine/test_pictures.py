"""The finished pictures: what a buyer would measure."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nexoraz.render.engine.pipeline import Engine
from nexoraz.render.engine.port import Pixels, Rendered, Stage
from nexoraz.render.presets.catalogue import find, presets
from nexoraz.render.presets.preset import Preset

Saved = Callable[..., bytes]


def opened(rendered: Rendered) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(rendered.data)))


@pytest.fixture(scope="module")
def pictures(usual: Engine, coffee: bytes) -> dict[str, Rendered]:
    return {preset_id: usual.render(coffee, preset) for preset_id, preset in presets().items()}


def test_white_is_pure_and_the_product_fills_85_per_cent(pictures: dict[str, Rendered]) -> None:
    picture = opened(pictures["marketplace-white"])
    assert picture.shape == (2000, 2000, 3)
    edge = np.concatenate([picture[:80].reshape(-1, 3), picture[-80:].reshape(-1, 3), picture[:, :80].reshape(-1, 3)])
    assert edge.min() == 255
    dark = picture.min(axis=2) < 248
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    longest = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    assert abs(longest / 2000 - 0.85) <= 0.01
    assert abs((columns[0] + columns[-1]) / 2 - 1000) <= 15
    assert abs((rows[0] + rows[-1]) / 2 - 1000) <= 15


def test_the_studio_is_light_and_the_shadow_lies_at_the_foot(pictures: dict[str, Rendered]) -> None:
    picture = opened(pictures["studio-soft"]).astype(int)
    assert picture.shape == (2000, 2000, 3)
    assert picture[:60, :60].mean() > 190
    colour = np.ptp(picture, axis=2) > 60
    bottom = int(np.flatnonzero(colour.any(axis=1))[-1])
    under, aside = picture[bottom + 12 : bottom + 30, 950:1050].mean(), picture[bottom + 12 : bottom + 30, :100].mean()
    assert under < aside - 15
    rows = picture[:, 40].mean(axis=1)
    assert np.abs(np.diff(rows)).max() < 3, "the backdrop has no line where the wall becomes floor"


def test_the_cut_out_is_trimmed_transparent_and_keeps_the_photos_own_colours(pictures: dict[str, Rendered]) -> None:
    picture = opened(pictures["cutout-transparent"])
    assert picture.shape[2] == 4
    opaque = picture[..., 3] >= 128
    rows, columns = np.flatnonzero(opaque.any(axis=1)), np.flatnonzero(opaque.any(axis=0))
    margin = 0.04 * max(picture.shape[:2])
    assert 0.8 * margin <= columns[0] <= 1.6 * margin
    assert 0.8 * margin <= rows[0] <= 1.6 * margin
    assert not picture[picture[..., 3] == 0].any(), "nothing of the background is left under the transparency"
    assert pictures["cutout-transparent"].enlargement == 1.0


@pytest.mark.parametrize("preset_id", list(presets()))
def test_a_picture_is_tagged_srgb_and_says_nothing_else(pictures: dict[str, Rendered], preset_id: str) -> None:
    image = Image.open(io.BytesIO(pictures[preset_id].data))
    assert "sRGB".encode("utf-16-be") in image.info["icc_profile"]
    assert not dict(image.getexif())
    assert not {"exif", "xmp", "comment", "photoshop"} & set(image.info)


def test_where_a_photo_was_taken_does_not_leave_with_the_picture(quick: Engine, disc: Pixels, saved: Saved) -> None:
    exif = Image.Exif()
    exif[0x010F] = "MAKER-OF-THE-CAMERA"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0)})
    photo = saved(disc, "JPEG", exif=exif, comment=b"NOTE-OF-THE-OWNER")
    assert b"MAKER-OF-THE-CAMERA" in photo
    for preset in presets().values():
        data = quick.render(photo, preset).data
        assert b"MAKER-OF" not in data
        assert b"NOTE-OF" not in data
        assert b"Exif" not in data


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif"])
def test_every_format_can_come_out(quick: Engine, disc: Pixels, saved: Saved, kind: str) -> None:
    white = find("marketplace-white")
    preset = Preset(white.id, white.title, white.description, 1, kind, 90, white.scene)  # type: ignore[arg-type]
    rendered = quick.render(saved(disc, "PNG"), preset)
    assert rendered.media_type == f"image/{kind}"
    assert Image.open(io.BytesIO(rendered.data)).size == (rendered.width, rendered.height) == (2000, 2000)


def test_one_photo_gives_one_picture_byte_for_byte(usual: Engine, disc: Pixels, saved: Saved) -> None:
    photo, preset = saved(disc, "PNG"), find("studio-soft")
    assert usual.render(photo, preset).data == usual.render(photo, preset).data


def test_the_colour_of_the_product_is_the_photos(quick: Engine, disc: Pixels, saved: Saved) -> None:
    picture = opened(quick.render(saved(disc, "PNG"), find("marketplace-white")))
    wanted = disc[160:200, 220:260].reshape(-1, 3).mean(axis=0)
    assert np.abs(picture[900:1100, 900:1100].reshape(-1, 3).mean(axis=0) - wanted).max() < 4


def test_no_halo_of_the_old_background_is_left(quick: Engine, saved: Saved) -> None:
    """A pale disc that was on deep blue: between it and the white there is no blue."""
    y, x = np.mgrid[0:900, 0:900]
    far = np.sqrt((x - 450.0) ** 2 + (y - 450.0) ** 2)
    share = np.clip((300.0 - far) / 3.0 + 0.5, 0, 1)[..., None]
    photo = (share * (235, 225, 205) + (1 - share) * (20, 40, 190)).astype(np.uint8)
    picture = opened(quick.render(saved(photo, "PNG"), find("marketplace-white"))).astype(int)
    assert (picture[..., 2] - picture[..., 0]).max() < 30


def test_progress_names_every_stage_in_order_and_never_falls(quick: Engine, disc: Pixels, saved: Saved) -> None:
    heard: list[tuple[Stage, float]] = []
    quick.render(saved(disc, "PNG"), find("marketplace-white"), lambda stage, done: heard.append((stage, done)))
    assert list(dict.fromkeys(stage for stage, _ in heard)) == list(Stage)
    shares = [share for _, share in heard]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


def test_a_listener_can_end_a_render(quick: Engine, disc: Pixels, saved: Saved) -> None:
    class CalledOff(Exception):
        pass

    def call_off(stage: Stage, _share: float) -> None:
        if stage is Stage.REFINE:
            raise CalledOff

    with pytest.raises(CalledOff):
        quick.render(saved(disc, "PNG"), find("marketplace-white"), call_off)


def test_the_fallback_says_that_it_is_one(quick: Engine, disc: Pixels, saved: Saved, tmp_path: Path) -> None:
    path = tmp_path / "photo"
    path.write_bytes(saved(disc, "PNG"))
    rendered = quick.render(path, find("marketplace-white"))
    assert (rendered.engine, rendered.is_fallback) == ("classical", True)
    assert rendered.enlargement > 5


def test_a_photo_with_its_own_transparency_is_taken_at_its_word(quick: Engine, disc: Pixels, saved: Saved) -> None:
    opacity = ((disc[..., 1] < 90) * 255).astype(np.uint8)
    rendered = quick.render(saved(np.dstack([disc, opacity]), "PNG"), find("cutout-transparent"))
    assert (rendered.engine, rendered.is_fallback) == ("alpha", False)
    assert abs(int((opened(rendered)[..., 3] > 127).sum()) - int((opacity > 127).sum())) < 200


def test_a_small_thing_in_a_large_photo_is_looked_at_closely(usual: Engine, saved: Saved) -> None:
    photo = np.full((1500, 2000, 3), (176, 178, 180), np.uint8)
    photo[700:900, 300:420] = (30, 90, 160)
    rendered = usual.render(saved(photo, "JPEG", quality=95), find("cutout-transparent"))
    picture = opened(rendered)
    height, width = (int(np.count_nonzero((picture[..., 3] > 127).any(axis=axis))) for axis in (1, 0))
    assert abs(height - 200) <= 8
    assert abs(width - 120) <= 8
