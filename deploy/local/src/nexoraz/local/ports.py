"""Which ports are free. Servers stay below 32768: above it the kernel hands ports out to outgoing connections."""

import errno
import random
import socket

from nexoraz.local.errors import LocalSuiteError, PortInUse

LOWEST, HIGHEST = 15000, 32000


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            # Binding succeeds beside a listener on another address of this machine; that one would take our callers.
            probe.listen(1)
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
    return True


def free_range(count: int) -> int:
    """The first of `count` neighbouring free ports, searched from a random place so that parallel runs rarely meet."""
    for _ in range(200):
        first = random.randrange(LOWEST, HIGHEST - count)  # noqa: S311  nothing is secret about a port
        if all(is_free(port) for port in range(first, first + count)):
            return first
    raise LocalSuiteError(f"No {count} neighbouring free ports were found between {LOWEST} and {HIGHEST}.")


def require_free(port: int, purpose: str, base: int | None = None) -> None:
    """Raise PortInUse where somebody listens already."""
    if not is_free(port):
        raise PortInUse(port, purpose, base)
