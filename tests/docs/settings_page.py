"""docs/settings.md from the services' settings classes.

python -m tests.docs.settings_page writes it; test_documents.py compares it with the code.
"""

import ast
import importlib
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

from nexoraz.service.settings import PREFIX, Secret, ServiceSettings

SERVICES = ("identity", "assets", "render", "billing", "privacy")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "settings.md"
HEAD = """\
# Settings

Generated from the settings classes by `python -m tests.docs.settings_page`; a test keeps it so.

Processes read their settings from the environment, once, when they start. What is missing or not understood is named
all at once, and no value is printed. Any variable `X` may be given as `X_FILE`, the path of a file that holds the
value, as Kubernetes mounts secrets; giving both is refused. `make run` sets everything itself.

"""


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable as its class declares it."""

    variable: str
    default: str
    secret: bool


def variable_of(field: Field[Any]) -> str:
    """The name of the variable that a settings field is read from."""
    return str(field.metadata.get("variable", PREFIX + field.name.upper()))


def settings_of(service: str) -> type[Any]:
    found: type[Any] = importlib.import_module(f"nexoraz.{service}.config").Settings
    return found


def declared() -> Iterator[tuple[str, Setting]]:
    """(service, setting) for every field of every service."""
    for service in SERVICES:
        settings = settings_of(service)
        hints = get_type_hints(settings)
        for field in fields(settings):
            yield service, Setting(variable_of(field), _default(field), hints[field.name] is Secret)


def _default(field: Field[Any]) -> str:
    if field.default is MISSING:
        return "required"
    if field.default is None:
        return "none"
    value = ",".join(field.default) if isinstance(field.default, tuple) else str(field.default)
    return f"`{value}`"


def said_of(settings: type[Any]) -> str:
    """What the class's own docstring says about its fields, as one paragraph."""
    tree = ast.parse(Path(sys.modules[settings.__module__].__file__ or "").read_text())
    found = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == settings.__name__)
    return " ".join((ast.get_docstring(found) or "").split())


def page() -> str:
    """The whole document."""
    every = list(declared())
    held = {(service, s.variable) for service, s in every}
    shared = {variable for _, variable in held if all((service, variable) in held for service in SERVICES)}
    text = HEAD + "## Every service\n\n" + _said(ServiceSettings)
    text += _table(sorted({s.variable: s for _, s in every if s.variable in shared}.values(), key=lambda s: s.variable))
    for service in SERVICES:
        own = sorted((s for v, s in every if v == service and s.variable not in shared), key=lambda s: s.variable)
        text += f"\n## {service}\n\n" + _said(settings_of(service)) + _table(own)
    return text


def _said(settings: type[Any]) -> str:
    return textwrap.fill(said_of(settings), 120, break_long_words=False, break_on_hyphens=False) + "\n\n"


def _table(settings: list[Setting]) -> str:
    rows = [f"| `{s.variable}` | {_shown(s)} | {'yes' if s.secret else ''} |" for s in settings]
    return "\n".join(["| variable | default | secret |", "|---|---|---|", *rows]) + "\n"


def _shown(setting: Setting) -> str:
    own = [f"`{service}`" for service in SERVICES if setting.default == f"`{service}`"]
    return "the service's own name" if own and setting.variable.endswith("NATS_USER") else setting.default


if __name__ == "__main__":
    PAGE.write_text(page())
