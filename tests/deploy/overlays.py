"""Where the overlays are, and questions that several tests ask of rendered objects."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .kustomize import pod_template
from .strategic_merge import Node

ROOT = Path(__file__).resolve().parents[2]
K8S = ROOT / "deploy" / "k8s"
OVERLAYS: Mapping[str, Path] = {path.name: path for path in sorted((K8S / "overlays").iterdir())}
SERVICES = ("assets", "billing", "identity", "privacy", "render")

Objects = list[Node]


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment, StatefulSet, Job or CronJob with the parts of it that policies speak about."""

    kind: str
    name: str
    spec: Node
    template: Node

    @property
    def labels(self) -> dict[str, str]:
        labels: dict[str, str] = self.template["metadata"]["labels"]
        return labels

    @property
    def pod(self) -> Node:
        pod: Node = self.template["spec"]
        return pod

    @property
    def containers(self) -> list[Node]:
        return [*self.pod.get("initContainers", []), *self.pod["containers"]]

    @property
    def stays(self) -> bool:
        """Whether it runs for ever; a job ends."""
        return self.kind not in {"Job", "CronJob"}


def of_kind(objects: Objects, *kinds: str) -> Objects:
    return [each for each in objects if each["kind"] in kinds]


def workloads(objects: Objects) -> list[Workload]:
    return [
        Workload(each["kind"], each["metadata"]["name"], each["spec"], pod_template(each))
        for each in of_kind(objects, "Deployment", "StatefulSet", "Job", "CronJob")
    ]


def selects(selector: Node, labels: Mapping[str, str]) -> bool:
    """Whether a label selector made of matchLabels alone (an empty one takes all) takes these labels."""
    assert set(selector) <= {"matchLabels"}, "only matchLabels is used in this tree"
    wanted: dict[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= labels.items()


def environment(objects: Objects, container: Node) -> dict[str, str]:
    """Every variable of the container with its literal value, or `<kind>/<name>/<key>` for a referenced one."""
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        found |= config_map(objects, source["configMapRef"]["name"])["data"]
    for each in container.get("env", []):
        found[each["name"]] = each["value"] if "value" in each else _referenced(objects, each["valueFrom"])
    return found


def _referenced(objects: Objects, source: Node) -> str:
    ((kind, reference),) = source.items()
    if kind == "configMapKeyRef":
        value: str = config_map(objects, reference["name"])["data"][reference["key"]]
        return value
    return "/".join([kind, *reference.values()])


def config_map(objects: Objects, name: str) -> Node:
    (found,) = [each for each in of_kind(objects, "ConfigMap") if each["metadata"]["name"] == name]
    return found


def edges_of(labels: Mapping[str, str]) -> Iterator[str]:
    prefix = "edge.nexoraz.pro/"
    return (label.removeprefix(prefix) for label in labels if label.startswith(prefix))
