"""Renders a kustomization of deploy/k8s without kustomize, which is not to be had as a wheel.

It knows only the features that this tree uses and refuses every other key by name, so that nothing passes unread.
Where a `kubectl` is on the machine, test_rendering.py compares its output with this one, object by object.
"""

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .generated_config import ConfigMaps
from .strategic_merge import Node, merge

_CUSTOM_GROUP = "gateway.networking.k8s.io/"
_WORKLOADS = frozenset({"Deployment", "StatefulSet", "Job", "CronJob"})
_PREFIXABLE = frozenset(
    {
        "Deployment",
        "Job",
        "CronJob",
        "Service",
        "ServiceAccount",
        "PersistentVolumeClaim",
        "PodDisruptionBudget",
        "HTTPRoute",
    }
)
_CLUSTER_SCOPED = frozenset({"Namespace"})


class Unsupported(ValueError):
    """A kustomization uses something that this renderer does not know."""

    def __init__(self, file: Path, what: str) -> None:
        super().__init__(f"{file}: this renderer does not know {what}")
        self.file = file
        self.what = what


@dataclass(frozen=True, slots=True)
class _Layer:
    """One kustomization file and the objects gathered so far below it. Objects are changed in place."""

    file: Path
    objects: list[Node]
    maps: ConfigMaps

    def require(self, condition: bool, what: str) -> None:
        if not condition:
            raise Unsupported(self.file, what)

    def known(self, mapping: Node, *keys: str) -> None:
        for key in mapping:
            self.require(key in keys, f"the key {key!r} here")


def render(folder: Path) -> list[Node]:
    """Every object that `kubectl kustomize <folder>` would print, in no promised order."""
    maps = ConfigMaps()
    objects = _build(folder, maps, [])
    maps.name_by_content(objects)
    return objects


def _build(folder: Path, maps: ConfigMaps, inherited: list[Node]) -> list[Node]:
    file = folder / "kustomization.yaml"
    spec = yaml.safe_load(file.read_text(encoding="utf-8"))
    layer = _Layer(file, inherited, maps)
    kind = spec.pop("kind")
    spec.pop("apiVersion")
    layer.require(kind in {"Kustomization", "Component"}, f"the kind {kind!r}")
    layer.require(bool(inherited) == (kind == "Component"), f"a {kind} in this place")
    layer.known(spec, *_STEPS)
    for name, step in _STEPS.items():
        if name in spec:
            step(layer, spec[name])
    return layer.objects


def _resources(layer: _Layer, entries: list[str]) -> None:
    for entry in entries:
        path = (layer.file.parent / entry).resolve()
        if path.is_dir():
            layer.objects.extend(_build(path, layer.maps, []))
        else:
            layer.require(path.is_file(), f"the resource {entry!r}, which does not exist,")
            layer.objects.extend(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    seen = [identity(each) for each in layer.objects]
    layer.require(len(seen) == len(set(seen)), "two objects of one name")


def identity(each: Node) -> tuple[str, str, str]:
    return each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"]


def _components(layer: _Layer, entries: list[str]) -> None:
    for entry in entries:
        _build((layer.file.parent / entry).resolve(), layer.maps, layer.objects)


def _config_maps(layer: _Layer, entries: list[Node]) -> None:
    for entry in entries:
        layer.known(entry, "name", "namespace", "behavior", "files", "literals")
        layer.require(entry.get("behavior", "create") in {"create", "merge"}, "this behavior")
        layer.maps.generate(entry, layer.file.parent, layer.objects)


def _patches(layer: _Layer, entries: list[Node]) -> None:
    for entry in entries:
        layer.known(entry, "path", "target")
        patch = yaml.safe_load((layer.file.parent / entry["path"]).read_text(encoding="utf-8"))
        target = entry.get("target") or {
            "kind": patch["kind"],
            "name": patch["metadata"]["name"],
            "namespace": patch["metadata"].get("namespace", ""),
        }
        layer.known(target, "kind", "name", "namespace")
        hit = [each for each in layer.objects if _matches(each, target)]
        layer.require(bool(hit), f"a patch without target: {entry['path']}")
        for each in hit:
            _apply(each, patch)


def _matches(each: Node, target: Node) -> bool:
    actual = {"kind": each["kind"], **each["metadata"]}
    return all(re.fullmatch(pattern, actual.get(key, "")) for key, pattern in target.items())


def _apply(each: Node, patch: Node) -> None:
    content = {key: value for key, value in patch.items() if key not in {"apiVersion", "kind", "metadata"}}
    merged = merge(each, content, custom=each["apiVersion"].startswith(_CUSTOM_GROUP))
    each.clear()
    each.update(copy.deepcopy(merged))


def _namespace(layer: _Layer, name: str) -> None:
    for each in layer.objects:
        layer.require(each["kind"] != "GatewayClass", "a namespace over a cluster's object")
        if each["kind"] not in _CLUSTER_SCOPED:
            each["metadata"]["namespace"] = name


def _name_prefix(layer: _Layer, prefix: str) -> None:
    named = {(each["kind"], each["metadata"]["name"]) for each in layer.objects}
    for each in layer.objects:
        layer.require(each["kind"] in _PREFIXABLE, f"a prefix on the kind {each['kind']}")
        each["metadata"]["name"] = prefix + each["metadata"]["name"]
        for kind, holder, key in _references(each):
            layer.require((kind, holder[key]) in named, f"a {kind} of another layer")
            holder[key] = prefix + holder[key]


def pod_template(each: Node) -> Node:
    """Of a workload; that of a CronJob lies in the template of its Jobs."""
    spec = each["spec"]["jobTemplate"]["spec"] if each["kind"] == "CronJob" else each["spec"]
    template: Node = spec["template"]
    return template


def _references(each: Node) -> Iterator[tuple[str, Node, str]]:
    """What the pods of a workload name: the kind, and where the name stands. ConfigMaps get theirs at the end."""
    if each["kind"] in _WORKLOADS:
        pod = pod_template(each)["spec"]
        yield "ServiceAccount", pod, "serviceAccountName"
        for volume in pod.get("volumes", []):
            if "persistentVolumeClaim" in volume:
                yield "PersistentVolumeClaim", volume["persistentVolumeClaim"], "claimName"


def _labels(layer: _Layer, entries: list[Node]) -> None:
    for entry in entries:
        layer.known(entry, "pairs", "includeSelectors", "includeTemplates")
        for each in layer.objects:
            each["metadata"].setdefault("labels", {}).update(entry["pairs"])
            if entry.get("includeTemplates") and each["kind"] in _WORKLOADS:
                layer.require(each["kind"] != "StatefulSet", "includeTemplates on a StatefulSet")
                pod_template(each)["metadata"].setdefault("labels", {}).update(entry["pairs"])
                if each["kind"] == "CronJob":
                    of_jobs = each["spec"]["jobTemplate"].setdefault("metadata", {})
                    of_jobs.setdefault("labels", {}).update(entry["pairs"])
            if entry.get("includeSelectors"):
                for selector in _selectors(layer, each):
                    selector.update(entry["pairs"])


def _selectors(layer: _Layer, each: Node) -> list[Node]:
    """Every place of `each` that selects pods of the same layer."""
    layer.require(each["kind"] != "NetworkPolicy", "selectors of a NetworkPolicy under includeSelectors")
    layer.require(each["kind"] != "StatefulSet", "selectors of a StatefulSet under includeSelectors")
    if each["kind"] == "Service":
        return [each["spec"]["selector"]]
    if each["kind"] == "PodDisruptionBudget":
        return [each["spec"]["selector"]["matchLabels"]]
    if each["kind"] == "Deployment":
        spread = each["spec"]["template"]["spec"].get("topologySpreadConstraints", [])
        inner = [rule["labelSelector"]["matchLabels"] for rule in spread]
        return [each["spec"]["selector"]["matchLabels"], *inner]
    return []


def _replicas(layer: _Layer, entries: list[Node]) -> None:
    for entry in entries:
        layer.known(entry, "name", "count")
        hit = [
            each
            for each in layer.objects
            if each["kind"] in {"Deployment", "StatefulSet"} and each["metadata"]["name"] == entry["name"]
        ]
        layer.require(len(hit) == 1, f"replicas of {entry['name']!r}, which is not one workload,")
        hit[0]["spec"]["replicas"] = entry["count"]


def _images(layer: _Layer, entries: list[Node]) -> None:
    for entry in entries:
        layer.known(entry, "name", "newTag")
        hit = 0
        for each in layer.objects:
            if each["kind"] not in _WORKLOADS:
                continue
            for container in pod_template(each)["spec"]["containers"]:
                if container["image"].partition(":")[0] == entry["name"]:
                    container["image"] = f"{entry['name']}:{entry['newTag']}"
                    hit += 1
        layer.require(hit > 0, f"the image {entry['name']!r}, which nothing uses,")


# kustomize's own order, whatever the order in the file.
_STEPS: dict[str, Callable[[_Layer, Any], None]] = {
    "resources": _resources,
    "components": _components,
    "configMapGenerator": _config_maps,
    "patches": _patches,
    "namespace": _namespace,
    "namePrefix": _name_prefix,
    "labels": _labels,
    "replicas": _replicas,
    "images": _images,
}
