"""Pages say what is: links lead somewhere, commands and variables exist, and no page names a machine."""

import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from nexoraz.service.settings import PREFIX
from tests.docs.settings_page import PAGE, declared, page

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
MAKE = re.compile(r"(?:^|`|\s)make ([a-z][a-z-]*)(?=$|[`\s:=.,;)])", re.MULTILINE)
VARIABLE = re.compile(r"\bNEXORAZ_[A-Z0-9_]*[A-Z0-9]\b(?!_?[*…<])")
STREAM = re.compile(r"NEXORAZ_(IDENTITY|ASSETS|RENDER|BILLING|PRIVACY|NEWSLETTER)")
PLACE = re.compile(r"(?<![\w.…/])/(?:work|home|root|Users|mnt|opt|srv|tmp)/[\w.-]+")
URL = re.compile(r"(?:https?|nats|smtp)://[^\s`)\"'<>|]+")
HOSTS = re.compile(
    r"localhost|127\.0\.0\.1|host|(.+\.)?example\.(org|com)|(.+\.)?nexoraz\.pro|keepachangelog\.com|semver\.org"
    r"|(www\.)?(rfc-editor|w3|w3id|openapis|asyncapi|json-schema|cloudevents)\.(org|io|com)|api\.stripe\.com"
)


def documents() -> list[Path]:
    """Every Markdown page of the tree, as git knows it."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in told.splitlines() if (ROOT / line).is_file()]


DOCUMENTS = documents()
every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def prose(text: str) -> str:
    """The text with wrapped lines joined, so that a command at the end of a line is seen whole."""
    return re.sub(r"(?<=\S)\n(?=\S)", " ", text)


def host_of(url: str) -> str:
    """The host that an address names, "…" where it only shows a form."""
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0].lstrip("]")


def variables_of_examples(text: str) -> set[str]:
    """Variables of settings classes that a page itself shows as an example."""
    return {PREFIX + name.upper() for name in re.findall(r"^    (\w+): \w+", text, re.MULTILINE)}


def targets() -> set[str]:
    """What `make` knows, the pattern of services included."""
    makefile = (ROOT / "Makefile").read_text()
    found = set(re.findall(r"^([a-z][a-z-]*):(?!=)", makefile, re.MULTILINE))
    services = re.search(r"^SERVICES := (.+)$", makefile, re.MULTILINE)
    assert services is not None
    return found | {f"test-{service}" for service in services[1].split()}


def test_the_pages_that_a_reader_looks_for_are_there() -> None:
    named = {str(path.relative_to(ROOT)) for path in DOCUMENTS}
    assert {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "docs/architecture.md"} <= named


@every_document
def test_every_relative_link_leads_to_a_file(document: Path) -> None:
    missing = []
    for target in LINK.findall(document.read_text()):
        if not urlsplit(target).scheme and not target.startswith("#"):
            path = document.parent / target.partition("#")[0]
            if not path.exists():
                missing.append(target)
    assert missing == []


@every_document
def test_every_link_to_a_heading_finds_it(document: Path) -> None:
    lost = []
    for target in LINK.findall(document.read_text()):
        path, _, fragment = target.partition("#")
        page_of = document.parent / path if path else document
        if fragment and not urlsplit(target).scheme and page_of.suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", page_of.read_text(), re.MULTILINE)
            if fragment not in {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}:
                lost.append(target)
    assert lost == []


@every_document
def test_every_make_target_exists(document: Path) -> None:
    text = document.read_text()
    code = "\n".join(re.findall(r"`[^`\n]+`", prose(text)) + re.findall(r"```\w*\n(.*?)```", text, re.DOTALL))
    assert set(MAKE.findall(code)) - targets() - {"test-"} == set()


@every_document
def test_every_variable_is_a_setting(document: Path) -> None:
    known = {setting.variable for _, setting in declared()} | variables_of_examples(document.read_text())
    named = {each.removesuffix("_FILE") for each in VARIABLE.findall(document.read_text()) if not STREAM.match(each)}
    assert named - known == set()


def test_every_setting_is_documented_as_it_is() -> None:
    assert PAGE.read_text() == page(), "write it again: python -m tests.docs.settings_page"
    assert {setting.variable for _, setting in declared()} <= set(re.findall(r"^\| `(\w+)`", page(), re.MULTILINE))


@every_document
def test_no_page_names_a_place_on_a_machine(document: Path) -> None:
    assert PLACE.findall(document.read_text()) == []


@every_document
def test_no_page_names_a_host_but_ours_examples_and_standards(document: Path) -> None:
    hosts = {host_of(url) for url in URL.findall(document.read_text())}
    assert {host for host in hosts if host.strip("…") and not HOSTS.fullmatch(host)} == set()


def test_every_decision_is_listed_and_says_what_would_violate_it() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text()
    for record in sorted(folder.glob("[0-9]*.md")):
        text = record.read_text()
        number, _, title = text.partition("\n")[0].removeprefix("# ").partition(" ")
        assert f"[{number}]({record.name}) | {title} |" in index
        assert "## Decision\n" in text
        assert "## A change violates this when\n" in text


def test_every_file_that_a_decision_names_exists() -> None:
    sources = [path for path in ROOT.glob("**/*.py") if not {".venv", "var"} & set(path.relative_to(ROOT).parts)]
    names = {path.name for path in sources}
    for record in sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md")):
        for named in re.findall(r"`([\w/.-]+\.py)`", record.read_text()):
            exists = (ROOT / named).exists() if named.count("/") > 1 else Path(named).name in names
            assert exists, f"{record.name} names {named}"
