"""Compiles the lock files: dev.txt decides every version, the others are parts of it.

    python requirements/lock.py [--upgrade]

A lock names packages, versions and hashes and nothing else: it installs from whatever source a machine is set to.
"""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
OPTIONS = (
    "--generate-hashes",
    "--universal",
    "--python-version=3.11",
    "--no-header",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--quiet",
)
PARTS = ("run", "identity", "assets", "render", "billing", "privacy")


def compile_lock(name: str, *more: str) -> None:
    uv = Path(sys.prefix) / "bin" / "uv"
    command = [str(uv), "pip", "compile", *OPTIONS, *more, f"--output-file={name}.txt", f"{name}.in"]
    subprocess.run(command, cwd=FOLDER, check=True)  # noqa: S603  our own arguments
    print(f"requirements/{name}.txt")  # noqa: T201  said to the person who asked


def main() -> None:
    upgrade = sys.argv[1:]
    compile_lock("dev", *upgrade)
    for name in PARTS:
        compile_lock(name, "--constraint=dev.txt")
    compile_lock("setup", "--constraint=dev.txt", *upgrade)


if __name__ == "__main__":
    main()
