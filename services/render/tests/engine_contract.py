"""What every engine promises to the worker. Derive from `EngineContract` and give `engine`; the rest is done here.

An engine that makes real pictures derives from `PictureContract`, which asks for more.
"""

import io
from importlib.resources import files

import pytest
from PIL import Image

from nexoraz.render.application.ports import Engine, EngineStopped, RenderRefused
from nexoraz.render.presets.wanted import Wanted

PRESET = "marketplace-white"


def ignored(_stage: str, _percent: int) -> None:
    pass


class EngineContract:
    """`engine`: a new engine for each test."""

    @pytest.fixture
    def photo(self) -> bytes:
        """A photograph of a cup, as PNG."""
        return (files("skimage") / "data" / "coffee.png").read_bytes()

    def test_stages_are_named_and_their_share_never_falls(self, engine: Engine, photo: bytes) -> None:
        told: list[tuple[str, int]] = []
        engine.render(photo, PRESET, lambda stage, percent: told.append((stage, percent)))
        percents = [percent for _, percent in told]
        assert len(told) >= 2 and all(stage for stage, _ in told)
        assert percents == sorted(percents) and percents[0] >= 0 and percents[-1] <= 100

    def test_a_picture_says_what_made_it(self, engine: Engine, photo: bytes) -> None:
        picture = engine.render(photo, PRESET, ignored)
        assert picture.engine and picture.data and picture.media_type.startswith("image/")

    def test_whoever_listens_ends_the_render_by_raising_and_the_next_one_runs(
        self, engine: Engine, photo: bytes
    ) -> None:
        class Cancelled(Exception):
            pass

        def cancel(_stage: str, _percent: int) -> None:
            raise Cancelled

        with pytest.raises(Cancelled):
            engine.render(photo, PRESET, cancel)
        assert engine.render(photo, PRESET, ignored).data

    def test_a_closed_engine_renders_nothing_any_more(self, engine: Engine, photo: bytes) -> None:
        engine.close()
        engine.close()
        with pytest.raises(EngineStopped):
            engine.render(photo, PRESET, ignored)


class PictureContract(EngineContract):
    """Besides: the file is what it says it is, and what was wanted."""

    def test_the_file_is_what_it_says_and_what_was_wanted(self, engine: Engine, photo: bytes) -> None:
        for wanted in (Wanted(), Wanted(format="webp", longest=300), Wanted(format="png", profile="display-p3")):
            picture = engine.render(photo, PRESET, ignored, wanted)
            image = Image.open(io.BytesIO(picture.data))
            assert image.size == (picture.width, picture.height)
            assert picture.media_type == f"image/{wanted.format or 'jpeg'}" == Image.MIME[str(image.format)]
            assert max(image.size) <= (wanted.longest or 4096)
            assert image.info["icc_profile"] and not dict(image.getexif())

    def test_a_photo_at_fault_is_refused_by_a_rule(self, engine: Engine, photo: bytes) -> None:
        for broken in (b"", b"GIF89a" + bytes(99), photo[: len(photo) // 2]):
            with pytest.raises(RenderRefused) as refused:
                engine.render(broken, PRESET, ignored)
            assert refused.value.reason == refused.value.reason.lower() and " " not in refused.value.reason
        assert engine.render(photo, PRESET, ignored).data
