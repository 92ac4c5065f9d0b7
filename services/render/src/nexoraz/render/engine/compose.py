"""A cut-out and a scene make a picture."""

from typing import assert_never

import numpy as np

from nexoraz.render.engine import scenes, studio
from nexoraz.render.engine.placing import fitted, lay
from nexoraz.render.engine.port import Pixels
from nexoraz.render.presets.preset import Gradient, Plain, Scene, Sheet, Studio, Surface, Transparent


def product_side(scene: Scene) -> int:
    """How many pixels long the product's longer side is to be; for a transparent scene, at most."""
    if isinstance(scene, Transparent):
        return round(scene.longest * (1 - 2 * scene.margin))
    if isinstance(scene, Sheet):
        return max(product_side(cell) for cell in scene.cells)
    side = scene.side if isinstance(scene, Plain | Studio) else min(scene.width, scene.height)
    return round(side * scene.fill)


def compose(cut_out: Pixels, scene: Scene) -> Pixels:
    """The finished picture, RGB, or RGBA for a transparent scene. Raises `NothingToCutOut` for an empty cut-out."""
    match scene:
        case Plain():
            return _plain(fitted(cut_out, product_side(scene)), scene)
        case Studio():
            return _studio(fitted(cut_out, product_side(scene)), scene)
        case Transparent():
            return _transparent(cut_out, scene)
        case Gradient():
            return scenes.gradient(fitted(cut_out, product_side(scene)), scene)
        case Surface():
            return scenes.surface(fitted(cut_out, product_side(scene)), scene)
        case Sheet():
            return scenes.sheet([compose(cut_out, cell) for cell in scene.cells], scene)
        case _:
            assert_never(scene)


def _plain(picture: Pixels, scene: Plain) -> Pixels:
    canvas = np.empty((scene.side, scene.side, 3), np.uint8)
    canvas[0] = scene.colour
    canvas[1:] = canvas[0]  # whole rows are copied much faster than single pixels
    lay(canvas, picture, scene.side / 2)
    return canvas


def _studio(picture: Pixels, scene: Studio) -> Pixels:
    """Tall products stand as low as `standing` says; flat ones come up, so that they do not sink to the edge."""
    side, small = scene.side, scene.side // studio.SHRINK
    bottom = _standing_row(picture, scene)
    shape, where = scenes.outline(picture, (small, small), small / side, bottom)
    missing = studio.shadow(shape, where, scene.shadow)
    light = studio.backdrop(scene) * (1.0 - missing)[..., None]
    canvas = studio.painted(np.asarray(light, np.float32), side, side)
    lay(canvas, picture, side / 2, bottom)
    return canvas


def _standing_row(picture: Pixels, scene: Studio) -> float:
    free = float(scene.side - picture.shape[0])
    return min(scene.side * scene.standing + 0.1 * max(0, scene.side * 0.5 - free), scene.side - 0.42 * free)


def _transparent(cut_out: Pixels, scene: Transparent) -> Pixels:
    """Trimmed, at its own size or shrunk; where nothing is left of the product, nothing is left of its colours."""
    trimmed = fitted(cut_out, None)
    limit = product_side(scene)
    picture = fitted(trimmed, limit) if max(trimmed.shape[:2]) > limit else trimmed
    margin = round(max(picture.shape[:2]) * scene.margin / (1 - 2 * scene.margin))
    canvas = np.pad(picture, ((margin, margin), (margin, margin), (0, 0)))
    canvas[canvas[..., 3] == 0] = 0
    return canvas
