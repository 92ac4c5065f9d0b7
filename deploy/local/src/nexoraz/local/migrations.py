"""`python -m nexoraz.local.migrations`: `migrate` of every service, with one start of Python for all of them.

What all services import is imported once, while PostgreSQL starts; then each runs its own `python -m nexoraz.<service>
migrate`, in a process forked from here: half the time of five separate starts on two cores. The environment variable
MIGRATIONS holds a JSON object: service → its whole environment; the file that GO_AHEAD names appears when the databases
are there.
"""

import importlib
import json
import os
import runpy
import sys
import time
from collections.abc import Mapping
from pathlib import Path

SHARED = ("alembic.command", "flask_smorest", "minio", "nats", "nexoraz.events.runtime", "nexoraz.service.commands")
VARIABLE, GO_AHEAD = "MIGRATIONS", "MIGRATIONS_GO_AHEAD"
PATIENCE_SECONDS = 120.0


def begin(service: str, environment: Mapping[str, str]) -> int:
    """Fork; returns the id of the process that migrates `service`. Nothing is connected and no thread runs before."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.environ.clear()
            os.environ.update(environment)
            status = migrate(service)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    return pid


def migrate(service: str) -> int:
    sys.argv = [f"nexoraz.{service}", "migrate"]
    try:
        runpy.run_module(f"nexoraz.{service}", run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(end.code + "\n")
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException as error:
        # The process ends with `os._exit`, so nobody else would report it.
        sys.stderr.write(f"{service}: {type(error).__name__}: {error}\n")
        return 1
    return 0


def wait_for(file: Path) -> None:
    """Return once the file is there. Exits with a message after PATIENCE_SECONDS."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not file.exists():
        if time.monotonic() > deadline:
            sys.exit(f"the databases were not there within {PATIENCE_SECONDS:.0f} s")
        time.sleep(0.02)


def main() -> None:
    environments: dict[str, dict[str, str]] = json.loads(os.environ.pop(VARIABLE))
    go_ahead = Path(os.environ.pop(GO_AHEAD))
    for module in SHARED:
        importlib.import_module(module)
    wait_for(go_ahead)
    pids = {service: begin(service, environment) for service, environment in environments.items()}
    failed = [service for service, pid in pids.items() if os.waitpid(pid, 0)[1] != 0]
    if failed:
        sys.exit(f"not migrated: {', '.join(failed)}")


if __name__ == "__main__":
    main()
