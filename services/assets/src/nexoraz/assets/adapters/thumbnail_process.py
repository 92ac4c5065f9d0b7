"""The Thumbnailer port: one process for each picture, fed as a stream; no decoder runs in the worker itself."""

import os
import struct
import subprocess
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress

from nexoraz.assets.application.ports import PictureUnreadable, Thumbnail

CHILD = "nexoraz.assets.adapters.thumbnail_child"
SIDE = 320
"""The longest side, in pixels."""
LONGEST_S = 60.0
MOST_BYTES = 1 << 20
SIDES = struct.Struct(">II")


class ThumbnailProcess:
    """Makes pictures small. longest_s: how long one may take, its process's start included."""

    def __init__(self, longest_s: float = LONGEST_S) -> None:
        self._longest_s = longest_s

    def make(self, chunks: Iterable[bytes]) -> Thumbnail:
        """Raises PictureUnreadable, also for what takes too long or too much memory, and what `chunks` raises."""
        with self._started() as process:
            answer: list[bytes] = []
            out = process.stdout
            assert out is not None, "it is piped"
            # Beside the writing: neither side waits for the other with a full pipe.
            reading = threading.Thread(target=lambda: answer.append(out.read(MOST_BYTES)), daemon=True)
            ending = threading.Timer(self._longest_s, process.kill)
            reading.start()
            ending.start()
            try:
                _feed(process, chunks)
            except BaseException:
                process.kill()
                raise
            finally:
                reading.join()
                status = process.wait()
                ending.cancel()
        if status != 0 or len(answer[0]) <= SIDES.size:
            raise PictureUnreadable
        width, height = SIDES.unpack_from(answer[0])
        return Thumbnail(answer[0][SIDES.size :], width, height)

    def _started(self) -> "subprocess.Popen[bytes]":
        clean = {name: value for name, value in os.environ.items() if not name.startswith("NEXORAZ_")}
        return subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", CHILD, str(SIDE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**clean, "VIPS_CONCURRENCY": "1"},
        )


def _feed(process: "subprocess.Popen[bytes]", chunks: Iterable[bytes]) -> None:
    """All of it, or as much as the process wants."""
    assert process.stdin is not None, "it is piped"
    try:
        with suppress(BrokenPipeError):
            for chunk in chunks:
                process.stdin.write(chunk)
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()
