"""Which segmenter a process uses."""

from pathlib import Path

from nexoraz.render.engine import weights
from nexoraz.render.engine.classical import ClassicalSegmenter
from nexoraz.render.engine.neural import NeuralSegmenter
from nexoraz.render.engine.port import Segmenter


def choose(model_dir: Path | None) -> Segmenter:
    """Neural where `model_dir` holds the weights, classical where not. Cheap: ask again and new weights are found."""
    model = weights.locate(model_dir)
    return ClassicalSegmenter() if model is None else NeuralSegmenter(model)
