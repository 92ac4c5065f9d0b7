"""Sets up .venv from the lock files; run by the Makefile with whatever new enough Python the machine has.

Only the standard library. Asked for twice, it does nothing the second time: a stamp in .venv holds the hash of what was
installed.

    python3 deploy/local/install.py run|dev
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
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


def say(text: str) -> None:
    print(f"[install] {text}", flush=True)


def require_space(needed_mib: int) -> None:
    free = shutil.disk_usage(ROOT).free // 2**20
    if free < needed_mib:
        where = f"The disk that holds {ROOT} is full"
        raise Refused(f"{where}: {free} MiB are free and {needed_mib} MiB are needed to install.")


def lock_file(name: str) -> Path:
    return ROOT / "requirements" / f"{name}.txt"


def wanted(name: str) -> str:
    """The hash of everything that decides what is installed: the locks, the Python, and where the clone lies."""
    digest = hashlib.sha256(repr((sys.version_info[:2], ROOT, MEMBERS)).encode())
    for lock in ("setup", name):
        digest.update(lock_file(lock).read_bytes())
    return digest.hexdigest()


def stamp(name: str) -> Path:
    return VENV / f"installed-{name}"


def installed(name: str) -> bool:
    """Whether this set, or the larger one that contains it, is what .venv holds."""
    candidates = [candidate for candidate in {name, "dev"} if stamp(candidate).exists()]
    return PYTHON.exists() and any(stamp(candidate).read_text() == wanted(candidate) for candidate in candidates)


def make_environment() -> None:
    """A fresh .venv, unless a working one of the same Python is there."""
    version = sys.version_info[:2]
    if PYTHON.exists():
        question = "import sys, pip; print(sys.version_info[:2], sys.prefix)"
        answer = subprocess.run([PYTHON, "-c", question], capture_output=True, text=True, check=False)
        if answer.stdout.strip() == f"{version} {VENV}":
            return
        shutil.rmtree(VENV)
    say(f"making .venv with Python {version[0]}.{version[1]}")
    if subprocess.run([sys.executable, "-m", "venv", VENV], check=False).returncode != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        raise Refused(
            "This Python cannot make virtual environments; install its venv package (python3-venv on Debian)."
        )


def install(name: str) -> None:
    """By uv, which is quick; by pip where uv cannot be had. Both accept only what has a hash in the lock."""
    say(f"installing the packages of requirements/{name}.txt")
    pip = (PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--require-hashes")
    uv = (VENV / "bin" / "uv", "--system-certs", "pip", "install", "--python", PYTHON, "--require-hashes")
    lock = ("--no-build-isolation", "--requirement", lock_file(name))
    prepared = _succeeds(*pip, "--quiet", "--requirement", lock_file("setup"))
    if prepared and _succeeds(*uv, *lock):
        return
    if prepared:
        say("uv could not install everything; pip tries")
    if not prepared or not _succeeds(*pip, *lock):
        raise Refused("The packages could not be installed; the lines above say why.")


def _succeeds(*command: str | Path) -> bool:
    return subprocess.run(command, check=False).returncode == 0


def link_sources() -> None:
    """One .pth that makes every src folder importable, so that no member needs installing."""
    question = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(subprocess.check_output([PYTHON, "-c", question], text=True).strip())
    (packages / "nexoraz.pth").write_text("".join(f"{ROOT / member / 'src'}\n" for member in MEMBERS))


def link_scripts() -> None:
    """The commands that members declare, as an installation of them would make."""
    for project in (ROOT / member / "pyproject.toml" for member in MEMBERS):
        declared = tomllib.loads(project.read_text()) if project.exists() else {}
        scripts = declared.get("project", {}).get("scripts", {})
        for name, target in scripts.items():
            module, _, function = target.partition(":")
            command = VENV / "bin" / name
            command.write_text(f"#!{PYTHON}\nimport sys\n\nfrom {module} import {function}\n\nsys.exit({function}())\n")
            command.chmod(0o755)


def set_up(name: str, needed_mib: int = NEEDED_MIB) -> None:
    if installed(name):
        link_scripts()
        return
    started = time.monotonic()
    require_space(needed_mib)
    make_environment()
    install(name)
    link_sources()
    link_scripts()
    stamp(name).write_text(wanted(name))
    say(f"ready after {time.monotonic() - started:.0f} s")


def main() -> None:
    try:
        with (ROOT / "requirements" / "setup.in").open() as lock:
            # Two `make`s at once in one clone: the second waits for the first.
            fcntl.flock(lock, fcntl.LOCK_EX)
            set_up(sys.argv[1])
    except Refused as refusal:
        sys.exit(str(refusal))
    except OSError as error:
        sys.exit(f"Nothing was installed: {error}.")


if __name__ == "__main__":
    main()
