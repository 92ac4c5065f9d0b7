"""Sets up .venv from the lock files; run by the Makefile with whatever Python the machine has.

Only the standard library, and no syntax newer than Python 3.6, so that an old Python can say that it is too old. Asked for
twice, it does nothing the second time: a stamp in .venv holds the hash of what was installed.

    python3 deploy/local/install.py run|dev
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
OLDEST = (3, 11)
NEEDED_MIB = 4096
MEMBERS = (
    "libs/events",
    "libs/service",
    "services/identity",
    "services/assets",
    "services/render",
    "services/billing",
    "services/privacy",
    "deploy/local",
)


class Refused(Exception):
    """Why nothing can be installed here, in one sentence."""


def say(text):
    print("[install] " + text)
    sys.stdout.flush()


def require_python():
    if sys.version_info[:2] < OLDEST:
        found = "%d.%d" % sys.version_info[:2]
        raise Refused("Nexoraz needs Python %d.%d or later, and the one found is %s." % (OLDEST + (found,)))


def require_space():
    free = shutil.disk_usage(ROOT).free // 2**20
    if free < NEEDED_MIB:
        sizes = (ROOT, free, NEEDED_MIB)
        raise Refused("The disk that holds %s is full: %d MiB are free and %d MiB are needed to install." % sizes)


def lock_file(name):
    return os.path.join(ROOT, "requirements", name + ".txt")


def wanted(name):
    """The hash of everything that decides what is installed: the locks, the Python, and where the clone lies."""
    digest = hashlib.sha256(repr((sys.version_info[:2], ROOT, MEMBERS)).encode())
    for lock in ("setup", name):
        with open(lock_file(lock), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def stamp(name):
    return os.path.join(VENV, "installed-" + name)


def installed(name):
    """Whether this set, or the larger one that contains it, is what .venv holds."""
    for candidate in {name, "dev"}:
        if os.path.exists(stamp(candidate)) and os.path.exists(PYTHON):
            with open(stamp(candidate)) as file:
                if file.read() == wanted(candidate):
                    return True
    return False


def make_environment():
    """A fresh .venv, unless a working one of the same Python is there."""
    if os.path.exists(PYTHON):
        question = "import sys, pip; print(sys.version_info[:2], sys.prefix)"
        answer = subprocess.run([PYTHON, "-c", question], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if answer.stdout.decode().strip() == "%s %s" % (sys.version_info[:2], VENV):
            return
        shutil.rmtree(VENV)
    say("making .venv with Python %d.%d" % sys.version_info[:2])
    if subprocess.call([sys.executable, "-m", "venv", VENV]) != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        raise Refused("This Python cannot make virtual environments; install its venv package (python3-venv on Debian).")


def install(name):
    """By uv, which is quick; by pip where uv cannot be had. Both accept only what has a hash in the lock."""
    pip = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--require-hashes"]
    lock = lock_file(name)
    with_uv = subprocess.call(pip + ["--quiet", "--requirement", lock_file("setup")]) == 0
    if with_uv:
        uv = os.path.join(VENV, "bin", "uv")
        if subprocess.call([uv, "pip", "install", "--python", PYTHON, "--require-hashes", "--requirement", lock]) == 0:
            return
        say("uv could not install everything; pip tries")
    if subprocess.call(pip + ["--requirement", lock]) != 0:
        raise Refused("The packages could not be installed; the lines above say why.")


def link_sources():
    """One .pth that makes every src folder importable, so that no member needs installing."""
    question = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.check_output([PYTHON, "-c", question]).decode().strip()
    with open(os.path.join(packages, "nexoraz.pth"), "w") as file:
        file.write("".join(os.path.join(ROOT, member, "src") + "\n" for member in MEMBERS))


def set_up(name):
    if installed(name):
        return
    started = time.time()
    require_space()
    make_environment()
    install(name)
    link_sources()
    with open(stamp(name), "w") as file:
        file.write(wanted(name))
    say("ready after %.0f s" % (time.time() - started))


def main():
    try:
        require_python()
        with open(os.path.join(ROOT, "requirements", "setup.in")) as lock:
            # Two `make`s at once in one clone: the second waits for the first.
            fcntl.flock(lock, fcntl.LOCK_EX)
            set_up(sys.argv[1])
    except Refused as refusal:
        sys.exit(str(refusal))
    except OSError as error:
        sys.exit("Nothing was installed: %s." % error)


if __name__ == "__main__":
    main()
