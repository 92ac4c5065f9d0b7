"""Services know each other by messages only: no import, no address, no client of another service's API."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

from tests.contract.suite import ROOT, SERVICES

HTTP_CLIENTS = frozenset({"requests", "httpx", "aiohttp", "urllib3", "http.client", "urllib.request", "smtplib"})
REASONS = {
    "identity/adapters/smtp.py": "hands mail to the mail system of the operator",
    "identity/adapters/openid.py": "asks the OpenID providers that the operator has named",
}
"""Modules that reach another system by a general client, each with its reason. Stripe and S3 are reached by
their own packages; a photo that assets released, by the kernel (`nexoraz.events.objects`)."""


def sources(name: str) -> Iterator[Path]:
    return (ROOT / "services" / name / "src").rglob("*.py")


def imported(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def strings(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_the_layers_hold(capsys: pytest.CaptureFixture[str]) -> None:
    status = lint_imports(config_filename=str(ROOT / ".importlinter"), cache_dir=None)
    assert status == 0, capsys.readouterr().out


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_imports_no_other(name: str) -> None:
    others = tuple(f"nexoraz.{other}" for other in SERVICES if other != name)
    for file in (ROOT / "services" / name).rglob("*.py"):
        assert not [m for m in imported(file) if f"{m}.".startswith(tuple(f"{o}." for o in others))], file


TOLD_TO_PEOPLE = {"identity/application/letter_kinds.py", "privacy/domain/vocabulary.py"}
"""Files whose words for people name an address of another service, which the service itself never calls."""


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_knows_the_address_of_another(name: str) -> None:
    others = "|".join(other for other in SERVICES if other != name)
    address = re.compile(rf"/v1/({others})(/|$)|https?://[^/]*({others})")
    inner = ROOT / "services" / name / "src" / "nexoraz"
    for file in sources(name):
        if str(file.relative_to(inner)) in TOLD_TO_PEOPLE:
            continue
        assert not [text for text in strings(file) if address.search(text)], file


@pytest.mark.parametrize("name", SERVICES)
def test_only_named_adapters_reach_other_systems(name: str) -> None:
    inner = ROOT / "services" / name / "src" / "nexoraz"
    found = {str(f.relative_to(inner)) for f in sources(name) if imported(f) & HTTP_CLIENTS}
    assert found == {path for path in REASONS if path.startswith(f"{name}/")}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_reads_no_database_bucket_or_user_of_another(name: str) -> None:
    others = "|".join(other for other in SERVICES if other != name)
    store = re.compile(rf"nexoraz[_-]({others})(\b|_)")
    for file in sources(name):
        assert not [text for text in strings(file) if store.search(text)], file


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_declares_its_own_dependencies_only(name: str) -> None:
    declared = (ROOT / "services" / name / "pyproject.toml").read_text(encoding="utf-8")
    assert not [other for other in SERVICES if other != name and f'"nexoraz-{other}' in declared]
    assert ('"stripe' in declared) == (name == "billing")
