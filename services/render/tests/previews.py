"""`python -m services.render.tests.previews` makes the picture that shows each preset, from a photograph.

The photograph is scikit-image's of a cup of coffee (Rachel Michetti, CC0). Its mask is the committed one, so that every
machine makes the same pictures, with weights and without.
"""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
import pyvips
from PIL import Image

from nexoraz.render.engine.pipeline import Engine
from nexoraz.render.engine.port import Pixels, Plane
from nexoraz.render.presets import catalogue
from nexoraz.render.presets.preset import Preset

LONGEST = 320
MASK = Path(__file__).parent / "engine" / "coffee-mask.png"
FOLDER = Path(catalogue.__file__).parent / "previews"


@dataclass(frozen=True)
class KnownMask:
    """A segmenter that knows the one photograph."""

    mask: Pixels
    name: str = "known-mask"
    is_fallback: bool = False

    def segment(self, pixels: Pixels) -> Plane:
        size = (pixels.shape[1], pixels.shape[0])
        return np.asarray(cv2.resize(self.mask, size, interpolation=cv2.INTER_LINEAR) / 255.0, np.float32)


def photograph() -> bytes:
    return (files("skimage") / "data" / "coffee.png").read_bytes()


def preview(preset: Preset) -> bytes:
    """The preset's picture of the cup as a small WebP."""
    engine = Engine(KnownMask(np.asarray(Image.open(MASK).convert("L"))))
    picture = pyvips.Image.new_from_buffer(engine.render(photograph(), preset).data, "")
    small = picture.thumbnail_image(LONGEST, height=LONGEST, size="down")
    data: bytes = small.webpsave_buffer(Q=84, effort=6, keep="none")
    return data


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for preset in catalogue.presets().values():
        (FOLDER / f"{preset.id}.webp").write_bytes(preview(preset))


if __name__ == "__main__":
    main()
