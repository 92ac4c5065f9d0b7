"""What a buyer would measure in the scenes of any shape."""

import numpy as np
import pytest

from nexoraz.render.engine.compose import compose
from nexoraz.render.engine.port import Pixels
from nexoraz.render.presets.catalogue import find
from nexoraz.render.presets.preset import Gradient, Plain, Sheet, Surface

GRADIENT = Gradient(400, 600, 0.5, (40, 40, 40), (200, 200, 200), 0.7, 0.0)
GLASS = Surface(400, 400, 0.5, (60, 60, 60), (20, 20, 20), 0.5, 0.7, 0.0, 0.8, 0.0)


@pytest.fixture
def block() -> Pixels:
    """A red product, 300 × 300, with empty space around."""
    picture = np.zeros((400, 400, 4), np.uint8)
    picture[50:350, 50:350] = (220, 20, 20, 255)
    return picture


def red(picture: Pixels) -> Pixels:
    return np.asarray((picture[..., 0] > 150) & (picture[..., 1] < 60))


def test_a_gradient_has_its_shape_and_runs_from_top_to_bottom(block: Pixels) -> None:
    picture = compose(block, GRADIENT)
    assert picture.shape == (600, 400, 3)
    column = picture[:, 5].mean(axis=1)
    assert column[0] < 60 and column[-1] > 180
    assert np.abs(np.diff(column)).max() < 4, "no bands"


def test_the_product_stands_where_it_is_told_and_is_as_large_as_it_is_told(block: Pixels) -> None:
    rows, columns = (np.flatnonzero(red(compose(block, GRADIENT)).any(axis=axis)) for axis in (1, 0))
    assert abs(columns[-1] - columns[0] + 1 - 200) <= 3, "half of the shorter side"
    assert abs(rows[-1] + 1 - 0.7 * 600) <= 2
    assert abs((columns[0] + columns[-1]) / 2 - 200) <= 2


def test_a_glossy_table_mirrors_the_product_at_its_foot_and_less_farther_down(block: Pixels) -> None:
    picture = compose(block, GLASS).astype(int)
    foot = int(np.flatnonzero(red(picture.astype(np.uint8)).any(axis=1))[-1]) + 1
    redness = (picture[foot:, 200, 0] - picture[foot:, 200, 1]).clip(0)
    assert redness[3] > 60 and redness[3] > redness[30] > redness[60]
    assert redness[100:].max() <= 2
    assert (picture[foot + 3, 20, 0] - picture[foot + 3, 20, 1]) <= 2, "beside the product there is no mirror image"


def test_a_table_without_a_mirror_mirrors_nothing(block: Pixels) -> None:
    dull = Surface(400, 400, 0.5, (60, 60, 60), (20, 20, 20), 0.5, 0.7, 0.0, 0.0, 0.0)
    picture = compose(block, dull).astype(int)
    assert (picture[285:, :, 0] - picture[285:, :, 1]).max() <= 2


def test_a_sheet_shows_each_scene_on_white(block: Pixels) -> None:
    cells = (Plain(300, 0.5, (0, 0, 255)), GLASS, Plain(300, 0.5, (0, 255, 0)))
    picture = compose(block, Sheet(2, 256, 10, cells))
    assert picture.shape == (2 * 266 + 10, 2 * 266 + 10, 3)
    assert picture[5].min() == 255 and picture[:, 5].min() == 255
    assert tuple(picture[12, 12]) == (0, 0, 255) and tuple(picture[280, 12]) == (0, 255, 0)
    assert tuple(picture[300, 300]) == (255, 255, 255), "the last place is empty"


def test_a_table_has_a_grain_that_is_the_same_every_time(block: Pixels) -> None:
    scene = find("tabletop-warm").scene
    assert isinstance(scene, Surface)
    first = compose(block, scene)
    assert (first == compose(block, scene)).all()
    assert first[1950, :, 0].std() > 1 or first[1700:1990, 60, 0].std() > 2
