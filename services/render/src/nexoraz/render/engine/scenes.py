"""Scenes of any shape: a gradient, a table that mirrors, and a sheet of several scenes."""

import cv2
import numpy as np

from nexoraz.render.engine import studio
from nexoraz.render.engine.placing import Extent, lay
from nexoraz.render.engine.port import Colours, Pixels, Plane
from nexoraz.render.presets.preset import Colour, Gradient, Sheet, Surface

MIRRORED = 0.35
"""The share of the product's height after which nothing of its mirror image is left."""


def gradient(picture: Pixels, scene: Gradient) -> Pixels:
    """The product on a colour that runs from top to bottom."""
    return _standing(picture, scene, _ground(scene))


def surface(picture: Pixels, scene: Surface) -> Pixels:
    """The product on a table in front of a wall."""
    return _standing(picture, scene, _room(scene), scene.mirror)


def sheet(pictures: list[Pixels], scene: Sheet) -> Pixels:
    """The finished scenes beside each other, row by row."""
    rows = -(-len(pictures) // scene.columns)
    step, across = scene.cell + scene.gap, min(scene.columns, len(pictures))
    canvas = np.full((rows * step + scene.gap, across * step + scene.gap, 3), 255, np.uint8)
    for place, picture in enumerate(pictures):
        top, left = (scene.gap + step * index for index in divmod(place, scene.columns))
        cell = cv2.resize(picture, (scene.cell, scene.cell), interpolation=cv2.INTER_AREA)
        canvas[top : top + scene.cell, left : left + scene.cell] = cell
    return canvas


def outline(picture: Pixels, size: tuple[int, int], scale: float, bottom: float) -> tuple[Plane, Extent]:
    """The product's opacity on a copy of the canvas that is `size` (height, width), and where it is there."""
    stage = np.zeros((*size, 3), np.uint8)
    small = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    opacity = cv2.resize(np.ascontiguousarray(picture[..., 3]), small, interpolation=cv2.INTER_AREA)
    stencil = np.full((*opacity.shape, 4), 255, np.uint8)
    stencil[..., 3] = opacity
    where = lay(stage, stencil, size[1] / 2, bottom * scale)
    return stage[..., 0].astype(np.float32) / 255.0, where


def _standing(picture: Pixels, scene: Gradient | Surface, ground: Colours, mirror: float = 0.0) -> Pixels:
    bottom = min(scene.height * scene.standing, scene.height - 4.0)
    shape, where = outline(picture, ground.shape[:2], 1 / studio.SHRINK, bottom)
    missing = studio.shadow(shape, where, scene.shadow)
    canvas = studio.painted(np.asarray(ground * (1.0 - missing)[..., None], np.float32), scene.width, scene.height)
    if mirror:
        _reflect(canvas, picture, bottom, mirror)
    lay(canvas, picture, scene.width / 2, bottom)
    return canvas


def _ground(scene: Gradient) -> Colours:
    y, x = _grid(scene)
    run = studio.smooth(y)[..., None]
    colours = _colour(scene.top) + run * (_colour(scene.bottom) - _colour(scene.top))
    light = 1.0 + 0.10 * np.exp(-(((x - 0.5) / 0.36) ** 2 + ((y - 0.42) / 0.34) ** 2))
    edges = 1.0 - 0.16 * ((x - 0.5) ** 2 + (y - 0.5) ** 2)
    return np.asarray(np.clip(colours * (light * edges)[..., None], 0.0, 1.0), np.float32)


def _room(scene: Surface) -> Colours:
    """The edge of the table is soft, as behind a product that is in focus; its grain runs along it."""
    y, x = _grid(scene)
    depth = np.clip((y - scene.edge) / max(1e-3, 1.0 - scene.edge), 0.0, 1.0)
    wall = _colour(scene.wall) * (1.06 - 0.5 * ((x - 0.4) ** 2 + (y - 0.3) ** 2))[..., None]
    noise = np.random.default_rng(7).normal(size=y.shape).astype(np.float32)
    long = cv2.GaussianBlur(noise, (0, 0), sigmaX=y.shape[1] / 9, sigmaY=0.8)
    lines = long / max(1e-6, float(np.abs(long).max())) * (0.3 + 0.7 * depth)
    shade = 0.84 + 0.22 * depth - 0.28 * (x - 0.45) ** 2 + 0.16 * scene.grain * lines
    table = _colour(scene.table) * shade[..., None]
    turn = studio.smooth((y - scene.edge + 0.012) / 0.024)[..., None]
    return np.asarray(np.clip(wall + turn * (table - wall), 0.0, 1.0), np.float32)


def _reflect(canvas: Pixels, picture: Pixels, bottom: float, mirror: float) -> None:
    """The product upside down below its foot, fading, and less sharp the farther it is from the table."""
    image = np.ascontiguousarray(picture[::-1])
    height = image.shape[0]
    fade = np.clip(1.0 - np.arange(height, dtype=np.float32) / (MIRRORED * height), 0.0, 1.0) ** 2
    image[..., 3] = np.rint(image[..., 3] * (mirror * fade)[:, None]).astype(np.uint8)
    soft = cv2.GaussianBlur(image, (0, 0), 0.004 * max(image.shape[:2]))
    solid = np.flatnonzero(picture[..., 3].max(axis=1) >= 128)
    below = height - 1 - int(solid[-1])
    room = canvas[max(0, round(bottom) - below - 1) :]
    shown = soft[: room.shape[0]]
    left = (canvas.shape[1] - shown.shape[1]) // 2
    columns = slice(max(0, -left), min(shown.shape[1], canvas.shape[1] - left))
    target = room[: shown.shape[0], max(0, left) : max(0, left) + columns.stop - columns.start]
    share = shown[:, columns, 3:].astype(np.float32) / 255.0
    mixed = shown[:, columns, :3] * share + target * (1.0 - share)
    target[:] = np.rint(mixed).astype(np.uint8)


def _grid(scene: Gradient | Surface) -> tuple[Plane, Plane]:
    """Rows and columns of the small copy, 0 to 1."""
    height, width = scene.height // studio.SHRINK, scene.width // studio.SHRINK
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.asarray(y / height, np.float32), np.asarray(x / width, np.float32)


def _colour(colour: Colour) -> Colours:
    return np.array(colour, np.float32) / 255.0
