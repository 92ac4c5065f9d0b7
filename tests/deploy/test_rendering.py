"""Both overlays render, and render as kustomize itself renders them where it is on the machine."""

import shutil
import subprocess
from collections.abc import Callable, Iterable
from os.path import relpath
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from .kustomize import Unsupported, identity, render
from .overlays import OVERLAYS, Objects
from .strategic_merge import Node
from .test_objects_are_valid import KUBERNETES


def _by_identity(objects: Iterable[Node]) -> dict[tuple[str, str, str], Node]:
    return {identity(each): each for each in objects}


def _kubectl(folder: Path) -> list[Node]:
    printed = subprocess.run(
        [str(shutil.which("kubectl")), "kustomize", str(folder)],
        check=True,
        capture_output=True,
        env={"KUBECONFIG": "/dev/null", "HOME": "/nonexistent", "PATH": "/usr/bin:/bin"},
    ).stdout
    return list(yaml.safe_load_all(printed))


# A kustomization is what names files; the model's Dockerfile stands beside the component that mounts its image.
APART = {"kustomization.yaml", "Dockerfile"}
CHOSEN = {OVERLAYS["production"].parents[1] / "components" / "openid"}
"""Components that need what only an operator has, as the secrets of OpenID providers: no overlay uses them."""
RENDERERS: list[Callable[[Path], list[Node]]] = [render, *([_kubectl] if shutil.which("kubectl") else [])]


@pytest.mark.parametrize("renderer", RENDERERS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_renderer_on_this_machine_agrees_with_ours(overlay: str, renderer: Callable[[Path], list[Node]]) -> None:
    theirs, ours = _by_identity(renderer(OVERLAYS[overlay])), _by_identity(render(OVERLAYS[overlay]))
    assert theirs.keys() == ours.keys()
    for name, each in theirs.items():
        assert ours[name] == each, name


def test_every_file_of_the_tree_is_used_by_an_overlay() -> None:
    root = OVERLAYS["production"].parents[1]
    mentioned = {
        (file.parent / entry).resolve()
        for file in root.rglob("kustomization.yaml")
        for entry in _entries(yaml.safe_load(file.read_text(encoding="utf-8")))
    }
    files = {file for file in root.rglob("*") if file.is_file() and file.name not in APART}
    folders = {file.parent for file in root.rglob("kustomization.yaml")} - set(OVERLAYS.values())
    assert files | folders - CHOSEN == mentioned
    assert not CHOSEN & mentioned, "what an overlay uses is no longer a choice"


@pytest.mark.parametrize("component", CHOSEN, ids=lambda folder: folder.name)
def test_a_component_of_choice_changes_production_by_valid_objects(component: Path, tmp_path: Path) -> None:
    overlay = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [relpath(OVERLAYS["production"], tmp_path)],
        "components": [relpath(component, tmp_path)],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    plain, chosen = _by_identity(render(OVERLAYS["production"])), _by_identity(render(tmp_path))
    changed = [each for name, each in chosen.items() if plain.get(name) != each]
    assert changed and plain.keys() < chosen.keys()
    for each in changed:
        kubernetes_validate.validate(each, KUBERNETES, strict=True)


def _entries(spec: Node) -> Iterable[str]:
    yield from spec.get("resources", [])
    yield from spec.get("components", [])
    yield from (each["path"] for each in spec.get("patches", []))
    for generator in spec.get("configMapGenerator", []):
        yield from generator.get("files", [])


@pytest.mark.parametrize(
    "extra",
    [
        {"nameSuffix": "-blue"},
        {"commonAnnotations": {"team": "blue"}},
        {"secretGenerator": [{"name": "password", "literals": ["a=b"]}]},
        {"images": [{"name": "nats", "newName": "elsewhere"}]},
        {"patches": [{"patch": "- op: remove"}]},
        {"replicas": [{"name": "nobody", "count": 2}]},
        {"labels": [{"pairs": {"a": "b"}, "fields": []}]},
    ],
    ids=lambda extra: next(iter(extra)),
)
def test_a_feature_that_the_renderer_does_not_know_is_refused_by_name(tmp_path: Path, extra: Node) -> None:
    spec = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": ["a.yaml"]}
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\n")
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(spec | extra))
    with pytest.raises(Unsupported):
        render(tmp_path)


def test_the_overlays_differ_only_where_they_say(production: Objects, local_cluster: Objects) -> None:
    only = {(each["kind"], each["metadata"]["name"]) for each in production} - {
        (each["kind"], each["metadata"]["name"]) for each in local_cluster
    }
    assert {kind for kind, _ in only} == {"HorizontalPodAutoscaler", "HTTPRoute", "ConfigMap"}
