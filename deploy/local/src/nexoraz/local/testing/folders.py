"""Folders of test processes: in memory where there is room, and removed by the next one if this one is killed."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108  the system's own place for files in memory
PREFIX, LOCK = "nexoraz-parts-", "in-use"
ROOM = 2 * 2**30
"""Bytes that must be free: a server of a test process stays below a quarter of it, and there are several."""


@contextmanager
def own_folder(preferred: Path) -> Iterator[Path]:
    """A new folder in `preferred`, or among the temporary files where `preferred` has not the room. Removed at the end;
    what a killed process left is removed by the next, since the kernel has let go of its lock."""
    place = preferred if _has_room(preferred) else Path(tempfile.gettempdir())
    _remove_abandoned(place)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
    with (folder / "draft").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (folder / "draft").rename(folder / LOCK)  # nobody finds it before it is locked
        yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _has_room(place: Path) -> bool:
    try:
        return shutil.disk_usage(place).free >= ROOM
    except OSError:
        return False


def _remove_abandoned(place: Path) -> None:
    for file in place.glob(f"{PREFIX}*/{LOCK}"):
        try:
            with file.open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue  # it is in use, or somebody else's
        shutil.rmtree(file.parent, ignore_errors=True)
