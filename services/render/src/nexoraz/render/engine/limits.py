"""What one render may cost, and how a worker process is held to it."""

import ctypes
import resource
import sys

MEGAPIXELS = 64.0
"""The largest picture that is decoded; a phone's 50-megapixel photo passes."""
FILE_BYTES = 128 << 20
"""The heaviest file that is read."""
SMALLEST_SIDE = 32
"""Pixels; below this no cut-out is worth having."""
BOMB_RATIO = {"image/jpeg": 400, "image/png": 400, "image/webp": 2000, "image/avif": 2000}
"""Unpacked bytes per packed byte that no photograph reaches: photographs have 3 to 60 as JPEG and 2 to 10 as PNG,
whose ceiling is 1,032; the newer two pack up to five times better."""
BOMB_FLOOR = 8 << 20
"""Unpacked bytes below which the ratio does not matter."""

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""Parameter numbers of mallopt(3)."""


def hold_process(data_bytes: int) -> None:
    """Limit the writable memory of this process (RLIMIT_DATA) and make freed planes go back to the system at once.

    Meant for a worker process's start. Beyond the limit an allocation fails: the render ends with MemoryError and
    the process lives. Shared read-only mappings, such as the weights, do not count.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = data_bytes if hard == resource.RLIM_INFINITY else min(data_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, hard))
    return_freed_memory()


def return_freed_memory() -> None:
    """Fix glibc's thresholds: left to adapt, it keeps tens of megabytes of freed planes (measured: 90 MB)."""
    library = _glibc()
    if library is not None:
        library.mallopt(M_MMAP_THRESHOLD, 256 << 10)
        library.mallopt(M_TRIM_THRESHOLD, 256 << 10)
        library.mallopt(M_ARENA_MAX, 2)


def give_back() -> None:
    """Return to the system what the heap holds free: before the network's buffers come, every megabyte counts."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    """The C library, where it is the one that has these settings; elsewhere they are not needed."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "malloc_trim") else None
