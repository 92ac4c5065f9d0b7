"""Runs one command so that it can neither outlive its parent nor, where it matters, be root.

Executed as a script by `processes.spawn` (`python -I -S launch.py …`), never imported by it: a process that already has
threads must not run Python between fork and exec. Standard library only.

Arguments: parent-pid death-signal mode -- command…
  mode `plain`   the command runs as whoever we are
  mode `unroot`  the command does not see itself as root, because PostgreSQL refuses to be it. Root gets a user
                 namespace in which it is called 1000, so files keep their owner and no system user is needed.
  mode `nobody`  what `unroot` falls back to where user namespaces are refused: the id 65534, which keeps only the
                 capability to pass folders that are closed to it. No folder is opened to anyone.
"""

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CLONE_NEWUSER = 0x10000000
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522
NOBODY = 65534
INNER_ID = 1000

libc = ctypes.CDLL(None, use_errno=True)


def check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def enter_user_namespace() -> None:
    """Become id 1000 in a namespace of our own; outside it we stay who we were. Raises OSError where refused."""
    check(libc.unshare(CLONE_NEWUSER))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{INNER_ID} 0 1")
    Path("/proc/self/gid_map").write_text(f"{INNER_ID} 0 1")


def namespace_entered() -> bool:
    """False where this system refuses user namespaces, as containers often do."""
    try:
        enter_user_namespace()
    except OSError:
        return False
    return True


def become_nobody() -> None:
    """Change to id 65534 for good and keep CAP_DAC_OVERRIDE across exec, nothing else."""
    os.setgroups([])
    os.setgid(NOBODY)
    check(libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
    os.setuid(NOBODY)
    mask = 1 << CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    check(libc.capset(header, data))
    check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0))


def lower(mode: str) -> None:
    if mode == "plain" or os.geteuid() != 0:
        return
    if mode == "nobody" or not namespace_entered():
        become_nobody()


def main(arguments: list[str]) -> None:
    parent, death_signal, mode, _, *command = arguments
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold plaintext
    signal.pthread_sigmask(signal.SIG_SETMASK, set())
    lower(mode)
    # After `lower`: the kernel forgets the death signal when credentials change.
    check(libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0))
    if os.getppid() != int(parent):
        sys.exit("the parent was gone before the command began")
    os.execvpe(command[0], command, os.environ)  # noqa: S606  a program, not a shell, is what runs here


if __name__ == "__main__":
    main(sys.argv[1:])
