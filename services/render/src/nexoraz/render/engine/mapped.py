"""The network in the form that costs least to load: graph and weights apart, the weights mapped from their file.

Loaded from `u2net.onnx` the weights are parsed and copied: half a second and 490 MB, 770 MB at the first photo. Mapped,
a session opens in 20 ms, the pages are read-only, shared by all workers and reclaimable by the system, and a session
can be closed again after every photo, so that nothing of the network is resident while the picture is refined.

The form depends on the version of onnxruntime, so its folder is named after it. `make model` makes it.
"""

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

import onnxruntime

THREADS = 2
GRAPH, WEIGHTS = "graph.onnx", "weights.bin"
SMALLEST_MAPPED = 1024
"""Bytes of a tensor below which it stays in the graph's own file."""


def folder(model: Path) -> Path:
    """Where the mapped form of this model lies, for the installed onnxruntime."""
    return model.with_name(f"{model.stem}-onnxruntime-{onnxruntime.__version__}")


def is_ready(model: Path) -> bool:
    """Whether the mapped form is there. It appears whole or not at all."""
    return (folder(model) / GRAPH).is_file()


def make(model: Path) -> None:
    """Write the mapped form beside `model`, unless it is there. Raises OSError. Needs about 700 MB of memory, once."""
    if is_ready(model):
        return
    with tempfile.TemporaryDirectory(dir=model.parent, prefix=".mapping-") as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        options = _options()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        options.optimized_model_filepath = str(made / GRAPH)
        options.add_session_config_entry("session.optimized_model_external_initializers_file_name", WEIGHTS)
        smallest = "session.optimized_model_external_initializers_min_size_in_bytes"
        options.add_session_config_entry(smallest, str(SMALLEST_MAPPED))
        onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        with contextlib.suppress(FileExistsError):  # another process was faster, with the same outcome
            shutil.move(made, folder(model))


def open_mapped(model: Path) -> Any:
    """A session on the mapped form, which must be ready."""
    options = _options()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # was done when it was made
    graph = folder(model) / GRAPH
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])


def open_plain(model: Path) -> Any:
    """A session on the published file."""
    return onnxruntime.InferenceSession(str(model), _options(), providers=["CPUExecutionProvider"])


def _options() -> Any:
    """No arena, no plan and no reuse of buffers: each is freed when it was read (359 MB at the peak instead of 530)."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    options.enable_mem_reuse = False
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options
