"""The filters against what they are defined as."""

import numpy as np

from nexoraz.render.engine.filters import dot, guided_coefficients, spread
from nexoraz.render.engine.refine import cut_out

RANDOM = np.random.default_rng(5)


def test_a_plane_that_is_linear_in_the_guide_passes_the_guided_filter_unchanged() -> None:
    guide = RANDOM.random((60, 80, 3), np.float32)
    plane = (0.5 * guide[..., 0] - 0.2 * guide[..., 1] + 0.1 * guide[..., 2] + 0.3).astype(np.float32)
    slope, offset = guided_coefficients(guide, plane, 6, 1e-6)
    assert np.abs(dot(slope, guide) + offset - plane).max() < 0.01


def test_a_coarse_step_is_moved_to_the_guides_edge() -> None:
    guide = np.zeros((60, 80, 3), np.float32)
    guide[:, 40:] = (0.2, 0.6, 0.9)
    coarse = np.clip((np.arange(80) - 34) / 12, 0, 1).astype(np.float32)[None].repeat(60, axis=0)
    slope, offset = guided_coefficients(guide, coarse, 8, 1e-4)
    result = dot(slope, guide) + offset
    assert result[30, 41] - result[30, 38] > 0.4


def test_spread_colours_come_from_the_nearest_weighted_pixels() -> None:
    colours = np.zeros((80, 120, 3), np.float32)
    colours[:, :40], colours[:, 80:] = (1, 0, 0), (0, 0, 1)
    weight = np.zeros((80, 120), np.float32)
    weight[:, :40] = weight[:, 80:] = 1
    known, variance = spread(colours, weight, 3)
    assert known[40, 44].argmax() == 0
    assert known[40, 75].argmax() == 2
    assert variance[40, 20] < 1e-3


def test_a_mixture_is_taken_apart_again() -> None:
    """A soft edge between two known colours: the shares come back, and the product's colour with them."""
    share = np.clip((np.arange(300, dtype=np.float32) - 146) / 8, 0, 1)[None].repeat(200, axis=0)
    product, background = np.array([0.9, 0.8, 0.2]), np.array([0.1, 0.2, 0.5])
    photo = share[..., None] * product + (1 - share[..., None]) * background
    coarse = np.clip((np.arange(300) - 140) / 20, 0, 1).astype(np.float32)[None].repeat(200, axis=0)
    result = cut_out(np.rint(photo * 255).astype(np.uint8), coarse, 8.0)
    found = result[100, :, 3] / 255.0
    assert np.abs(found - share[100]).max() < 0.2
    assert np.abs(result[100, 150, :3] / 255.0 - product).max() < 0.08
