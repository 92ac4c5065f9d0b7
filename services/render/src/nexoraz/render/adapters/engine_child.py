"""The process in which pictures are made: `python -m nexoraz.render.adapters.engine_child <descriptor> <model folder>`.

It reads (photo, preset id, wanted) from a pipe and answers with stages and then one outcome, until the other side is
gone. It holds no connection, no key and no secret, and it never outlives the worker that started it.
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from nexoraz.events.event import kebab
from nexoraz.render.engine import choice, limits
from nexoraz.render.engine.pipeline import Engine
from nexoraz.render.engine.port import Stage
from nexoraz.render.engine.refusals import Refusal
from nexoraz.render.presets.catalogue import find
from nexoraz.render.presets.wanted import Wanted

NICENESS = 5
"""Renders yield the processor to whoever answers a person."""
WRITABLE_BYTES = 1 << 30
"""Above this an allocation fails and the render with it, not the machine."""
GONE = (EOFError, BrokenPipeError, ConnectionResetError)

Answer = tuple[str, Any]
"""("stage", (name, percent)), then one of ("picture", …), ("refused", (rule, facts)), ("failed", kind)."""


def main(arguments: list[str]) -> None:
    """Serve the pipe with the given descriptor. A Ctrl-C is the worker's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    limits.hold_process(WRITABLE_BYTES)
    _end_with(os.getppid())
    serve(Connection(int(arguments[0])), Path(arguments[1]) if arguments[1] else None)


def serve(pipe: Connection, model_dir: Path | None) -> None:
    """Render what comes until the other side is gone."""
    engine = Engine(choice.choose(model_dir))
    with contextlib.suppress(*GONE):
        while True:
            photo, preset, wanted = pipe.recv()
            if engine.segmenter.is_fallback:
                engine = Engine(choice.choose(model_dir))
            pipe.send(outcome(engine, photo, preset, wanted, pipe.send))


def outcome(engine: Engine, photo: bytes, preset: str, wanted: Wanted, send: Callable[[Answer], None]) -> Answer:
    """How one render ended."""

    def told(stage: Stage, share: float) -> None:
        send(("stage", (stage.value, int(100 * share))))

    try:
        done = engine.render(photo, find(preset), told, wanted)
    except Refusal as refusal:
        return "refused", (kebab(type(refusal).__name__), figures(refusal))
    except GONE:
        raise
    except Exception as error:  # a defect must not end the process without an answer
        return "failed", type(error).__name__
    return "picture", (done.data, done.media_type, done.width, done.height, done.engine, done.is_fallback)


def figures(refusal: Refusal) -> Mapping[str, float]:
    """The refusal's numbers, such as the megapixels found and allowed; its texts stay here."""
    return {name: value for name, value in asdict(refusal).items() if isinstance(value, int | float)}


def _end_with(parent: int) -> None:
    """End this process at once when the worker that started it is gone, in the middle of a render too."""

    def watch() -> None:
        while os.getppid() == parent:
            threading.Event().wait(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1:])
