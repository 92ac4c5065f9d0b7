"""Five services of one shape: whoever knows one finds everything in the others, and each README is true."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from nexoraz.events.event import kebab
from nexoraz.service.commands import Commands
from nexoraz.service.committed import stale
from nexoraz.service.settings import ServiceSettings
from tests.contract.suite import SERVICES, service

FILES = frozenset({"README.md", "pyproject.toml", "openapi.json", "asyncapi.json", "datamap.json"})
FOLDERS = frozenset({"migrations", "schemas", "src", "tests"})
LAYERS = frozenset({"domain", "application", "adapters", "projections", "web"})
MODULES = frozenset({"__init__.py", "__main__.py", "config.py", "bootstrap.py"})
MORE = {
    "render": {"engine": "the rendering engine, which knows no service", "presets": "the catalogue of presets"},
    "privacy": {"verify": "the command that checks a certificate offline", "policy": "the texts of the policy"},
}
"""What a service has beside the one shape, each with its reason."""
COMMANDS = ("web", "worker", "migrate", "rebuild", "generate")
SETTINGS = ("vault_database_url", "vault_kek_dir", "nats_url", "nats_user", "nats_password", "nats_replicas")


def entries(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir() if not each.name.startswith((".", "__pycache__"))}


@pytest.mark.parametrize("name", SERVICES)
def test_the_folder_of_a_service_has_the_one_shape(name: str) -> None:
    root = service(name).root
    assert entries(root) == FILES | FOLDERS
    inner = root / "src" / "nexoraz"
    assert entries(inner) == {name}, "a file in the namespace would hide the other members"
    assert entries(inner / name) == LAYERS | MODULES | set(MORE.get(name, {}))
    assert {"unit", "integration", "examples.py"} <= entries(root / "tests")
    assert all((inner / name / layer / "__init__.py").exists() for layer in LAYERS)


@pytest.mark.parametrize("name", SERVICES)
def test_the_adapters_say_what_is_published_subscribed_and_held(name: str) -> None:
    adapters = service(name).root / "src" / "nexoraz" / name / "adapters"
    assert {"published.py", "subscribed.py", "holdings.py"} <= entries(adapters)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_the_five_commands(name: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", f"nexoraz.{name}", "--help"], capture_output=True, text=True, check=True
    )
    for command in COMMANDS:
        assert re.search(rf"^\s+{command}\s", answer.stdout, re.M), command


@pytest.mark.parametrize("name", SERVICES)
def test_a_command_line_is_made_of_the_services_own_parts(name: str) -> None:
    import importlib

    commands = importlib.import_module(f"nexoraz.{name}.__main__").COMMANDS
    assert isinstance(commands, Commands)
    assert (commands.name, commands.root) == (name, service(name).root)
    assert issubclass(commands.settings, ServiceSettings)
    assert set(SETTINGS) <= set(commands.settings.__dataclass_fields__)
    assert service(name).worker.nats.user == name


@pytest.mark.parametrize("name", SERVICES)
def test_the_generated_documents_are_committed(name: str) -> None:
    assert stale(service(name).root, service(name).documents) == [], f"run: python -m nexoraz.{name} generate"


@pytest.mark.parametrize("name", SERVICES)
def test_the_member_is_named_like_its_namespace(name: str) -> None:
    project = tomllib.loads((service(name).root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == f"nexoraz-{name}"
    assert project["version"] == service(name).bootstrap.VERSION == service(name).openapi["info"]["version"]


def tables(text: str) -> Iterator[list[dict[str, str]]]:
    """Each Markdown table as rows of heading → cell."""
    for block in re.findall(r"(?:^\|.*\|\n)+", text, re.M):
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()]
        yield [dict(zip(rows[0], row, strict=True)) for row in rows[2:]]


def told(name: str, *headings: str) -> set[str]:
    """The classes that the README's table of commands names under one of these headings."""
    text = (service(name).root / "README.md").read_text(encoding="utf-8")
    rows = [row for table in tables(text) for row in table if "command" in row]
    assert rows, "the README has a table of commands"
    cells = [row[heading] for row in rows for heading in headings if heading in row]
    return {word for cell in cells for word in re.findall(r"`([A-Z][A-Za-z]+)`", cell)}


def classes(name: str, *layers: str) -> set[str]:
    inner = service(name).root / "src" / "nexoraz" / name
    return {
        node.name
        for layer in layers
        for file in (inner / layer).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }


@pytest.mark.parametrize("name", SERVICES)
def test_the_readme_names_every_event_and_none_that_does_not_exist(name: str) -> None:
    own = {each.cls.__name__ for each in service(name).registry.types() if f"nexoraz.{name}." in each.cls.__module__}
    assert told(name, "event", "events") == own


@pytest.mark.parametrize("name", SERVICES)
def test_the_commands_and_refusals_of_the_readme_exist(name: str) -> None:
    known = classes(name, "domain", "application", "adapters", "web")
    assert told(name, "command") - known == set()
    assert told(name, "refused when", "refused with", "refusals") - known == set()


@pytest.mark.parametrize("name", SERVICES)
def test_the_readme_names_what_the_service_publishes_and_reads(name: str) -> None:
    text = (service(name).root / "README.md").read_text(encoding="utf-8")
    protocol = "nexoraz.events.protocol_contracts"
    said = set(re.findall(r"`([a-z][a-z-]+)(?:\.v\d+)?`", text))
    published = {kebab(c.__name__) for c in service(name).contracts if c.__module__ != protocol}
    read = {v.source.split(".")[2] for v in service(name).views if v.__module__ != protocol}
    assert (published | read) - said == set()
