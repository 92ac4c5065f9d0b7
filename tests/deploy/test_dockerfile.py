"""What can be known of deploy/Dockerfile without an image builder."""

import re

import pytest

from .dockerfile import Stage, ignored, instructions, stages
from .overlays import ROOT, SERVICES, Objects, workloads

TEXT = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
PATTERNS = [
    line
    for line in (ROOT / "deploy/Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def _chain(service: str) -> list[Stage]:
    """The stages that the image consists of, the last first."""
    all_stages = stages(TEXT, SERVICE=service)
    by_name = {each.name: each for each in all_stages}
    chain = [all_stages[-1]]
    while chain[-1].parent in by_name:
        chain.append(by_name[chain[-1].parent])
    return chain


@pytest.mark.parametrize("service", SERVICES)
def test_every_file_that_is_copied_exists_and_is_in_the_context(service: str) -> None:
    for stage in stages(TEXT, SERVICE=service):
        for copy in stage.every("COPY"):
            if "from" not in copy.flags:
                for source in copy.paths[:-1]:
                    assert (ROOT / source).exists(), source
                    assert not ignored(source, PATTERNS), source


@pytest.mark.parametrize("service", SERVICES)
def test_the_service_chooses_its_own_entrypoint(service: str) -> None:
    (entrypoint,) = [each for stage in _chain(service) for each in stage.every("ENTRYPOINT")]
    assert entrypoint.words == ["python", "-m", f"nexoraz.{service}"]


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_one_service_and_both_libraries(service: str) -> None:
    sources = [copy.paths[0] for stage in stages(TEXT, SERVICE=service) for copy in stage.every("COPY")]
    assert {each for each in sources if not each.startswith("/")} == {
        "deploy/build.txt",
        f"requirements/{service}.txt",
        "libs/events",
        "libs/service",
        f"services/{service}",
    }


@pytest.mark.parametrize("service", SERVICES)
def test_every_source_folder_is_importable_in_the_image(service: str) -> None:
    (environment,) = [each for stage in _chain(service) for each in stage.every("ENV")]
    path = dict(word.split("=", 1) for word in environment.words)["PYTHONPATH"].split(":")
    expected = ["libs/events/src", "libs/service/src", f"services/{service}/src"]
    assert path == [f"/opt/nexoraz/{each}" for each in expected]
    assert all((ROOT / each).is_dir() for each in expected)


def test_stages_copy_from_stages_above_them() -> None:
    seen: set[str] = set()
    for stage in stages(TEXT, SERVICE="identity"):
        assert all(copy.flags["from"] in seen for copy in stage.every("COPY") if "from" in copy.flags)
        seen.add(stage.name)


def test_packages_are_installed_by_hash_and_one_alone_is_built() -> None:
    installs = [each.words for stage in stages(TEXT) for each in stage.every("RUN") if "install" in each.words]
    assert len(installs) == 2
    for install in installs:
        assert {"--require-hashes", "--no-deps", "--only-binary=:all:"} <= set(install)
        assert {each for each in install if each.startswith("--no-binary")} <= {"--no-binary=pyvips"}


def test_the_tools_that_build_are_locked_and_leave() -> None:
    locked = re.findall(r"^([a-z0-9-]+)==", (ROOT / "deploy/build.txt").read_text(encoding="utf-8"), re.MULTILINE)
    (leaving,) = [each.words for stage in stages(TEXT) for each in stage.every("RUN") if "uninstall" in each.words]
    for name in locked:
        stays = f"\n{name}==" in (ROOT / "requirements/assets.txt").read_text(encoding="utf-8")
        assert (name in leaving) is not stays, name


def test_nothing_runs_in_a_shell() -> None:
    for each in instructions(TEXT):
        if each.name in {"RUN", "ENTRYPOINT"}:
            assert each.text.startswith("["), each.text


def test_the_user_is_the_one_that_the_manifests_name(objects: Objects) -> None:
    (user,) = [each.text for each in instructions(TEXT) if each.name == "USER"]
    for workload in workloads(objects):
        context = workload.pod["securityContext"]
        assert f"{context['runAsUser']}:{context['runAsGroup']}" == user


def test_kubernetes_probes_and_the_image_does_not() -> None:
    assert [each.text for each in instructions(TEXT) if each.name == "HEALTHCHECK"] == ["NONE"]


def test_base_images_have_an_exact_series() -> None:
    parents = {each.parent for each in stages(TEXT, PYTHON_VERSION="3.11", SERVICE="identity")}
    assert parents == {"python:3.11-slim-trixie", "runtime", "identity"}


@pytest.mark.parametrize(
    "path", ["var/secret", ".git/config", ".venv/bin/python", "tests/deploy/x.py", "services/identity/tests/x.py"]
)
def test_what_no_image_needs_is_not_sent_to_the_builder(path: str) -> None:
    assert ignored(path, PATTERNS)


def test_the_title_and_version_are_labels() -> None:
    labels = " ".join(each.text for each in instructions(TEXT) if each.name == "LABEL")
    assert re.findall(r"org\.opencontainers\.image\.(\w+)=", labels) == [
        "title",
        "description",
        "version",
        "revision",
    ]
