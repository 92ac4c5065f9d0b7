"""Photos to try the engine on, and the segmenters that this machine has."""

import io
import os
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nexoraz.render.engine import weights
from nexoraz.render.engine.choice import choose
from nexoraz.render.engine.classical import ClassicalSegmenter
from nexoraz.render.engine.neural import NeuralSegmenter
from nexoraz.render.engine.pipeline import Engine
from nexoraz.render.engine.port import Pixels, Segmenter

MODEL_DIR = Path(os.environ.get("NEXORAZ_MODEL_DIR") or Path(__file__).parents[4] / "var" / "model")


def available() -> dict[str, Callable[[], Segmenter]]:
    """Every segmenter that can be tried here. The classical one always can."""
    model = weights.locate(MODEL_DIR)
    found: dict[str, Callable[[], Segmenter]] = {"classical": ClassicalSegmenter}
    if model is not None:
        found["neural"] = lambda: NeuralSegmenter(model)
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "segmenter" in metafunc.fixturenames:
        found = available()
        metafunc.parametrize("segmenter", [make() for make in found.values()], ids=list(found))


@pytest.fixture(scope="session")
def model_dir() -> Path:
    return MODEL_DIR


@pytest.fixture(scope="session")
def coffee() -> bytes:
    """The photograph of a cup with its saucer and spoon on a wooden table, 600 × 400, that scikit-image brings."""
    return (files("skimage") / "data" / "coffee.png").read_bytes()


@pytest.fixture(scope="session")
def coffee_mask() -> Pixels:
    """Its product at half the size, 0 or 255, looked at and found right by a person."""
    return np.asarray(Image.open(Path(__file__).with_name("coffee-mask.png")).convert("L"))


@pytest.fixture(scope="session")
def disc() -> Pixels:
    """A red disc in the middle of a grey ground, 480 × 360."""
    y, x = np.mgrid[0:360, 0:480]
    inside = (x - 240) ** 2 + (y - 180) ** 2 < 110**2
    shade = (np.sin(x / 17.0) * 4 + np.cos(y / 23.0) * 4)[..., None]
    disc: Pixels = np.clip(np.where(inside[..., None], (200, 40, 35), (150, 152, 155)) + shade, 0, 255).astype(np.uint8)
    return disc


@pytest.fixture(scope="session")
def quick() -> Engine:
    """An engine that needs no weights."""
    return Engine(ClassicalSegmenter())


@pytest.fixture(scope="session")
def usual(model_dir: Path) -> Engine:
    """The engine that a process with this machine's weights uses."""
    return Engine(choose(model_dir))


@pytest.fixture(scope="session")
def saved() -> Callable[..., bytes]:
    """Pixels as a file: `saved(pixels, "JPEG", quality=90, exif=…)`, by Pillow, which the engine does not use."""

    def save(pixels: Pixels | Image.Image, kind: str, **options: object) -> bytes:
        sink = io.BytesIO()
        image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
        image.save(sink, kind, **options)
        return sink.getvalue()

    return save
