"""The default segmenter: U²-Net (Qin et al., 2020; weights Apache-2.0), through onnxruntime on the CPU."""

import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from nexoraz.render.engine import limits, mapped, weights
from nexoraz.render.engine.port import Pixels, Plane

SIDE = 320
"""Width and height of the network's input, as it was trained."""
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


class NeuralSegmenter:
    """Satisfies `Segmenter`; one per process, safe for threads.

    Nothing is read before the first photo. Where the mapped form of the network is ready a session is opened for each
    photo (20 ms) and closed after it; otherwise one session is made once, after the digest of the weights was checked,
    and kept.
    """

    name = "neural"
    is_fallback = False

    def __init__(self, model: Path) -> None:
        """`model` is the file that `weights.locate` found."""
        self._model = model
        self._lock = threading.Lock()
        self._kept: Any = None

    def segment(self, pixels: Pixels) -> Plane:
        """As promised by the port. Raises `WeightsDamaged` when the file is not the published one."""
        height, width = pixels.shape[:2]
        small = cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        normal = (small.astype(np.float32) / 255.0 - MEAN) / DEVIATION
        batch = np.ascontiguousarray(normal.transpose(2, 0, 1)[None])
        limits.give_back()
        session = mapped.open_mapped(self._model) if mapped.is_ready(self._model) else self._plain()
        outcome = session.run([session.get_outputs()[0].name], {session.get_inputs()[0].name: batch})[0]
        mask = cv2.resize(outcome[0, 0], (width, height), interpolation=cv2.INTER_CUBIC)
        return np.asarray(np.clip(mask, 0.0, 1.0), np.float32)

    def _plain(self) -> Any:
        with self._lock:
            if self._kept is None:
                weights.verify(self._model)
                self._kept = mapped.open_plain(self._model)
            return self._kept
