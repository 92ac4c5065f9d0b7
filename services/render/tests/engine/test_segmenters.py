"""One suite for every segmenter: what `port.Segmenter` promises."""

import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest

from nexoraz.render.engine import decode, mapped, weights
from nexoraz.render.engine.choice import choose
from nexoraz.render.engine.neural import NeuralSegmenter
from nexoraz.render.engine.port import Pixels, Plane, Segmenter


def overlap(mask: Plane, truth: Pixels) -> float:
    """Intersection over union of what both call product."""
    found, right = mask > 0.5, truth > 127
    return float((found & right).sum() / (found | right).sum())


@pytest.mark.parametrize("size", [(16, 16), (40, 1200), (1200, 40), (301, 203)])
def test_a_mask_has_the_photos_size_and_lies_between_0_and_1(segmenter: Segmenter, size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(7).integers(0, 256, (*size, 3), np.uint8)
    mask = segmenter.segment(pixels)
    assert mask.shape == size
    assert mask.dtype == np.float32
    assert mask.min() >= 0.0
    assert mask.max() <= 1.0


def test_the_same_pixels_give_the_same_mask_and_stay_as_they_are(segmenter: Segmenter, disc: Pixels) -> None:
    before = disc.copy()
    assert np.array_equal(segmenter.segment(disc), segmenter.segment(disc))
    assert np.array_equal(disc, before)


def test_a_thing_on_a_plain_ground_is_found(segmenter: Segmenter, disc: Pixels) -> None:
    truth = ((disc[..., 1] < 90) * 255).astype(np.uint8)
    assert overlap(segmenter.segment(disc), truth) > 0.95


def test_the_cup_is_found_with_its_saucer(segmenter: Segmenter, coffee: bytes, coffee_mask: Pixels) -> None:
    pixels = decode.read(decode.open_photo(coffee), 0.5)
    assert overlap(segmenter.segment(pixels), coffee_mask) > (0.90 if segmenter.is_fallback else 0.98)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_where_nothing_stands_out_the_mask_is_low(segmenter: Segmenter, level: int) -> None:
    assert segmenter.segment(np.full((200, 300, 3), level, np.uint8)).max() < 0.3


def test_the_spoon_is_kept_by_the_segmenter_that_is_no_fallback(
    segmenter: Segmenter, coffee: bytes, coffee_mask: Pixels
) -> None:
    """The spoon's handle stands out over the saucer's edge, at the cup's right: what GrabCut loses."""
    handle = np.zeros(coffee_mask.shape, np.bool_)
    handle[34:50, 202:214] = coffee_mask[34:50, 202:214] > 127
    mask = segmenter.segment(decode.read(decode.open_photo(coffee), 0.5))
    kept = float((mask[handle] > 0.5).mean())
    assert segmenter.is_fallback or kept > 0.9


def test_the_default_is_neural_where_the_weights_are_and_says_so_where_not(model_dir: Path, tmp_path: Path) -> None:
    here = choose(model_dir)
    present = weights.locate(model_dir) is not None
    assert (here.name, here.is_fallback) == (("neural", False) if present else ("classical", True))
    if not present:
        warnings.warn("the weights are absent (make model): only the classical fallback was tried", stacklevel=1)
    assert choose(tmp_path).is_fallback
    assert choose(None).is_fallback


def test_both_forms_of_the_network_give_one_mask(model_dir: Path, disc: Pixels) -> None:
    """Mapped is how a worker runs; plain is what remains when only the published file is there."""
    model = weights.locate(model_dir)
    if model is None or not mapped.is_ready(model):
        warnings.warn("the mapped form of the network is absent (make model): it was not compared", stacklevel=1)
        return
    batch = cv2.resize(disc, (320, 320)).astype(np.float32).transpose(2, 0, 1)[None] / 255.0
    first, second = (
        session.run([session.get_outputs()[0].name], {session.get_inputs()[0].name: batch})[0]
        for session in (mapped.open_mapped(model), mapped.open_plain(model))
    )
    assert float(np.abs(first - second).max()) < 1e-3


def test_a_file_that_is_not_the_weights_is_refused_before_it_is_parsed(tmp_path: Path, disc: Pixels) -> None:
    false = tmp_path / weights.FILE_NAME
    false.write_bytes(b"not a network")
    with pytest.raises(weights.WeightsDamaged):
        NeuralSegmenter(false).segment(disc)
    assert weights.locate(tmp_path) is None
