"""The engine in processes of its own: a render cannot block, slow down or crash the worker that asked for it.

Each process takes one photo at a time over a pipe, which is the only way in and out: bytes and a preset's id in, stages
and a picture out. A process that dies or takes too long is replaced, and the render is tried again by its task.
"""

import contextlib
import multiprocessing
import os
import queue
from collections.abc import Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from nexoraz.events.event import kebab
from nexoraz.render.application.ports import OnStage, Picture, RenderRefused

LONGEST_RENDER_S = 180.0
NICENESS = 5
"""Renders yield the processor to whoever answers a person."""


class EngineFailed(Exception):
    """The process died, took too long, or met a defect; the render is worth another try. kind: what happened."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class EngineProcesses:
    """The Engine port. count: renders at the same time. Processes start with the first render that needs them."""

    def __init__(self, count: int, model_dir: Path | None, longest_s: float = LONGEST_RENDER_S) -> None:
        self._model_dir = model_dir
        self._longest_s = longest_s
        self._free: queue.Queue[_EngineProcess | None] = queue.Queue()
        for _ in range(count):
            self._free.put(None)

    def render(self, photo: bytes, preset: str, on_stage: OnStage) -> Picture:
        process = self._free.get() or _EngineProcess(self._model_dir)
        try:
            picture = process.render(photo, preset, on_stage, self._longest_s)
        except RenderRefused:
            self._free.put(process)
            raise
        except BaseException:
            process.end()
            self._free.put(None)
            raise
        self._free.put(process)
        return picture

    def close(self) -> None:
        """End the processes that are idle."""
        with contextlib.suppress(queue.Empty):
            while True:
                process = self._free.get_nowait()
                if process is not None:
                    process.end()


class _EngineProcess:
    """One process and the pipe to it."""

    def __init__(self, model_dir: Path | None) -> None:
        # Spawned, not forked: a fork would copy the worker's connections and locks.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(target=serve, args=(theirs, model_dir), daemon=True)
        self._process.start()
        theirs.close()

    def render(self, photo: bytes, preset: str, on_stage: OnStage, longest_s: float) -> Picture:
        try:
            self._pipe.send((photo, preset))
            for kind, value in self._answers(longest_s):
                if kind == "stage":
                    on_stage(*value)
                elif kind == "picture":
                    return Picture(*value)
                elif kind == "refused":
                    raise RenderRefused(value)
                else:
                    raise EngineFailed(value)
        except (EOFError, BrokenPipeError, ConnectionResetError) as error:
            raise EngineFailed("process-died") from error
        raise EngineFailed("too-slow")

    def end(self) -> None:
        """Stop the process, whatever it is doing."""
        self._pipe.close()
        self._process.kill()
        self._process.join(timeout=5)

    def _answers(self, longest_s: float) -> Iterator[tuple[str, Any]]:
        while self._pipe.poll(longest_s):
            yield self._pipe.recv()


def serve(pipe: Connection, model_dir: Path | None) -> None:
    """The process's life: render what comes until the other side is gone."""
    # Imported here: only this process loads the picture libraries and the model.
    from nexoraz.render.engine import choice  # noqa: PLC0415
    from nexoraz.render.engine.pipeline import Engine  # noqa: PLC0415

    os.nice(NICENESS)
    engine = Engine(choice.choose(model_dir))
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            photo, preset = pipe.recv()
            if engine.segmenter.is_fallback:
                engine = Engine(choice.choose(model_dir))
            pipe.send(_render(engine, photo, preset, pipe))


def _render(engine: Any, photo: bytes, preset: str, pipe: Connection) -> tuple[str, Any]:
    from nexoraz.render.engine.refusals import Refusal  # noqa: PLC0415
    from nexoraz.render.presets.catalogue import find  # noqa: PLC0415

    try:
        done = engine.render(
            photo, find(preset), lambda stage, share: pipe.send(("stage", (stage.value, int(100 * share))))
        )
    except Refusal as refusal:
        return "refused", kebab(type(refusal).__name__)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:  # a defect must not end the process without an answer
        return "failed", type(error).__name__
    return "picture", (done.data, done.media_type, done.width, done.height, done.engine, done.is_fallback)
