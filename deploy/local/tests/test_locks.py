"""The lock files name packages, versions and hashes, nothing else, and hold what their sources ask for."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "requirements"
LOCKS = sorted(path.stem for path in FOLDER.glob("*.txt"))
SERVICES = ("identity", "assets", "render", "billing", "privacy")
ONE_LOCKED = re.compile(
    r"^(?P<name>[a-z0-9][a-z0-9._-]*)(\[[a-z0-9,-]+\])?==(?P<version>\S+)(?P<marker> ; [^\\\n]+)? \\\n"
    r"(    --hash=sha256:[0-9a-f]{64}( \\)?\n)+",
    re.MULTILINE,
)


def locked(lock: str) -> dict[str, set[str]]:
    """Package → versions; a package may have two where markers tell them apart."""
    found: dict[str, set[str]] = {}
    for match in ONE_LOCKED.finditer((FOLDER / f"{lock}.txt").read_text()):
        found.setdefault(canonicalize_name(match["name"]), set()).add(match["version"])
    return found


def asked(source: str) -> list[Requirement]:
    wanted = []
    for written in (FOLDER / f"{source}.in").read_text().splitlines():
        line = written.split("#")[0].strip()
        if line.startswith("-r "):
            wanted += asked(line.removeprefix("-r ").removesuffix(".in"))
        elif line:
            wanted.append(Requirement(line))
    return wanted


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_nothing_but_hashed_packages_and_comments(lock: str) -> None:
    rest = ONE_LOCKED.sub("", (FOLDER / f"{lock}.txt").read_text())
    assert [line for line in rest.splitlines() if line.strip() and not line.lstrip().startswith("#")] == []
    assert "://" not in (FOLDER / f"{lock}.txt").read_text()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_what_its_source_asks_for(lock: str) -> None:
    held = locked(lock)
    for requirement in asked(lock):
        versions = held.get(canonicalize_name(requirement.name), set())
        assert any(requirement.specifier.contains(version, prereleases=True) for version in versions), str(requirement)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_dependency_says_why_it_is_there(lock: str) -> None:
    for line in (FOLDER / f"{lock}.in").read_text().splitlines():
        if line and not line.startswith(("#", "-r ")):
            assert re.search(r"\S {2,}# \S+", line), line


@pytest.mark.parametrize("lock", sorted(set(LOCKS) - {"dev", "setup"}))
def test_every_lock_is_a_part_of_the_one_that_decides(lock: str) -> None:
    whole = locked("dev")
    assert {name: versions for name, versions in locked(lock).items() if versions - whole.get(name, set())} == {}


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_what_its_members_declare(service: str) -> None:
    held = locked(service)
    for member in ("libs/events", "libs/service", f"services/{service}"):
        project = tomllib.loads((ROOT / member / "pyproject.toml").read_text())["project"]
        for requirement in map(Requirement, project["dependencies"]):
            name = canonicalize_name(requirement.name)
            if not name.startswith("nexoraz-"):
                assert any(requirement.specifier.contains(version) for version in held.get(name, set())), str(
                    requirement
                )
