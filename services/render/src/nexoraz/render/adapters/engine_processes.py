"""The engine in processes of its own: a render cannot block, slow down or crash the worker that asked for it.

Each process takes one photo at a time over a pipe, which is the only way in and out: bytes and a preset's id in, stages
and a picture out. A process that dies or takes too long is replaced, and the render is tried again by its task.
"""

import contextlib
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

from nexoraz.render.application.ports import EngineStopped, OnStage, Picture, RenderRefused
from nexoraz.render.presets.wanted import AS_THE_PRESET, Wanted

LONGEST_RENDER_S = 180.0
CHILD = "nexoraz.render.adapters.engine_child"


class EngineFailed(Exception):
    """The process died, took too long, or met a defect; the render is worth another try. kind: what happened."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class EngineProcesses:
    """The Engine port. count: renders at the same time, at least 1. Processes start with the first render that needs
    them. longest_s: seconds that one render may take, its process's start included."""

    def __init__(self, count: int, model_dir: Path | None, longest_s: float = LONGEST_RENDER_S) -> None:
        if count < 1:
            raise ValueError(f"{count} engine processes can render nothing")
        self._model_dir = model_dir
        self._longest_s = longest_s
        self._free: queue.Queue[_EngineProcess | None] = queue.Queue()
        self._all: set[_EngineProcess] = set()
        self._lock = threading.Lock()
        self._closed = False
        for _ in range(count):
            self._free.put(None)

    def render(self, photo: bytes, preset: str, on_stage: OnStage, wanted: Wanted = AS_THE_PRESET) -> Picture:
        """Waits for a free process. Raises RenderRefused, EngineStopped, or EngineFailed."""
        process = self._free.get()
        try:
            process = self._living(process)
            return process.render((photo, preset, wanted), on_stage, self._longest_s)
        except RenderRefused:
            raise
        except BaseException as error:
            self._end(process)
            process = None
            if self._closed and isinstance(error, EngineFailed):
                raise EngineStopped from error
            raise
        finally:
            self._free.put(process)

    def close(self) -> None:
        """End all processes, those in the middle of a render too; nothing is rendered any more."""
        with self._lock:
            self._closed = True
            ending = list(self._all)
        for process in ending:
            process.kill()

    def pids(self) -> list[int]:
        """The processes that run at the moment."""
        with self._lock:
            return [process.pid for process in self._all]

    def _living(self, process: "_EngineProcess | None") -> "_EngineProcess":
        """That process, or a new one where it died while nobody looked."""
        if process is not None and process.is_alive:
            return process
        self._end(process)
        with self._lock:
            if self._closed:
                raise EngineStopped
            started = _EngineProcess(self._model_dir)
            self._all.add(started)
            return started

    def _end(self, process: "_EngineProcess | None") -> None:
        if process is not None:
            with self._lock:
                self._all.discard(process)
            process.end()


class _EngineProcess:
    """One process and the pipe to it. Not forked: a fork would copy the worker's connections and locks."""

    def __init__(self, model_dir: Path | None) -> None:
        self._pipe, theirs = Pipe()
        command = [sys.executable, "-m", CHILD, str(theirs.fileno()), str(model_dir or "")]
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
            )
        self.pid = self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def render(self, asked: tuple[bytes, str, Wanted], on_stage: OnStage, longest_s: float) -> Picture:
        try:
            self._pipe.send(asked)
            for kind, value in self._answers(longest_s):
                if kind == "stage":
                    on_stage(*value)
                elif kind == "picture":
                    return Picture(*value)
                elif kind == "refused":
                    raise RenderRefused(*value)
                else:
                    raise EngineFailed(value)
        except (EOFError, BrokenPipeError, ConnectionResetError) as error:
            raise EngineFailed("process-died") from error
        raise EngineFailed("too-slow")

    def kill(self) -> None:
        """Stop the process, whatever it is doing; whoever waits for its answer is told by the broken pipe."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    def end(self) -> None:
        """Stop the process and forget it."""
        self.kill()
        self._process.wait(timeout=5)
        self._pipe.close()

    def _answers(self, longest_s: float) -> Iterator[tuple[str, Any]]:
        deadline = time.monotonic() + longest_s
        while self._pipe.poll(max(0.0, deadline - time.monotonic())):
            yield self._pipe.recv()
