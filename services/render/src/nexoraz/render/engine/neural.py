"""The default segmenter: U²-Net (Qin et al., 2020; Apache-2.0), through onnxruntime on the CPU.

Memory is what this module is careful about. Loaded plainly the network costs 770 MB at its peak. Here its weights are
mapped read-only from a file beside it, shared by all workers and reclaimable by the system, and the session keeps no
arena and no plan of buffers: 300 MB above the process's own, 190 MB of it the mapping, at the same speed.
"""

import os
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime

from nexoraz.render.engine import weights
from nexoraz.render.engine.port import Pixels, Plane

SIDE = 320
"""Width and height of the network's input, as it was trained."""
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
THREADS = 2


class NeuralSegmenter:
    """Satisfies `Segmenter`. One per process; the session is made at the first photo, once."""

    name = "neural"
    is_fallback = False

    def __init__(self, path: Path) -> None:
        """`path` is the file that `weights.locate` found; its digest is checked when the session is made."""
        self._path = path
        self._lock = threading.Lock()
        self._session: Any = None

    def segment(self, pixels: Pixels) -> Plane:
        height, width = pixels.shape[:2]
        small = cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        normal = (small.astype(np.float32) / 255.0 - MEAN) / DEVIATION
        batch = np.ascontiguousarray(normal.transpose(2, 0, 1)[None])
        session = self._opened()
        outcome = session.run([session.get_outputs()[0].name], {session.get_inputs()[0].name: batch})[0]
        mask = cv2.resize(outcome[0, 0], (width, height), interpolation=cv2.INTER_CUBIC)
        return np.clip(mask, 0.0, 1.0).astype(np.float32)

    def _opened(self) -> Any:
        with self._lock:
            if self._session is None:
                self._session = open_session(self._path)
            return self._session


def open_session(path: Path) -> Any:
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
