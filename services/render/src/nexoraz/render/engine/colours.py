"""A scene's sRGB colours as Display P3 names them: the same colours, by other numbers."""

from typing import TypeVar

import msgspec
import numpy as np

from nexoraz.render.presets.preset import Colour, Scene, Sheet

TO_P3 = np.array([[0.8224620, 0.1775380, 0.0], [0.0331942, 0.9668058, 0.0], [0.0170826, 0.0723974, 0.9105199]])
"""Linear sRGB to linear Display P3, both of white point D65 (CSS Color 4, section 10)."""
S = TypeVar("S", bound=Scene)


def in_p3(scene: S) -> S:
    """The scene for a canvas whose numbers are Display P3."""
    if isinstance(scene, Sheet):
        return msgspec.structs.replace(scene, cells=tuple(in_p3(cell) for cell in scene.cells))
    told = {name: getattr(scene, name) for name in scene.__struct_fields__}
    return msgspec.structs.replace(scene, **{n: _converted(v) for n, v in told.items() if isinstance(v, tuple)})


def _converted(colour: Colour) -> Colour:
    """Both spaces have the transfer function of sRGB (IEC 61966-2-1)."""
    coded = np.array(colour) / 255.0
    linear = TO_P3 @ np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    back = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    red, green, blue = (int(level) for level in np.rint(np.clip(back, 0, 1) * 255))
    return red, green, blue
