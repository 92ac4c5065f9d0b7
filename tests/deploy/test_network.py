"""The edges that exist, as one table, against the policies that are rendered; and the way in from the gateway."""

from collections.abc import Mapping
from typing import Any

import pytest

from .overlays import SERVICES, Objects, Workload, edges_of, of_kind, selects, workloads
from .strategic_merge import Node

WITH_BUCKET = frozenset({"assets", "render", "privacy"})

# What each edge is: its direction, its far side, its ports.
EDGES: Mapping[str, tuple[str, Node, set[int]]] = {
    "dns": (
        "egress",
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        },
        {53},
    ),
    "gateway": ("ingress", {"namespaceSelector": {"matchLabels": {"nexoraz.pro/provides": "gateway"}}}, {8000}),
    "mail": ("egress", {"namespaceSelector": {"matchLabels": {"nexoraz.pro/provides": "mail"}}}, {25}),
    "nats": ("egress", {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "nats"}}}, {4222}),
    "object-storage": (
        "egress",
        {"namespaceSelector": {"matchLabels": {"nexoraz.pro/provides": "object-storage"}}},
        {9000},
    ),
    "postgresql": (
        "egress",
        {"namespaceSelector": {"matchLabels": {"nexoraz.pro/provides": "postgresql"}}},
        {5432},
    ),
}


def edges_that_exist(workload: Workload) -> set[str]:
    """The table: who may speak with whom."""
    if workload.name == "nats":
        return {"dns"}
    service, _, process = workload.name.partition("-")
    edges = {"dns", "postgresql"}
    if process in {"migrate", "rotate"}:
        return edges
    if process == "reconcile":
        return edges | {"stripe"}
    edges.add("gateway" if process == "web" else "nats")
    if service in WITH_BUCKET or process == "worker":  # a worker puts its part of an export into privacy's bucket
        edges.add("object-storage")
    if service == "billing":
        edges.add("stripe")
    if (service, process) == ("identity", "worker"):
        edges.add("mail")
    return edges


def _policies(objects: Objects) -> dict[str, Node]:
    return {each["metadata"]["name"]: each["spec"] for each in of_kind(objects, "NetworkPolicy")}


def _taking(objects: Objects, workload: Workload) -> set[str]:
    return {name for name, spec in _policies(objects).items() if selects(spec["podSelector"], workload.labels)}


def test_nothing_is_allowed_by_default(objects: Objects) -> None:
    spec = _policies(objects)["default-deny"]
    assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_every_pod_has_the_edges_of_the_table_and_no_other(objects: Objects) -> None:
    for workload in workloads(objects):
        expected = edges_that_exist(workload)
        assert set(edges_of(workload.labels)) == expected, workload.name
        own = {"nats"} if workload.name == "nats" else set()
        assert _taking(objects, workload) == {"default-deny"} | own | {f"edge-{each}" for each in expected}


def test_every_policy_takes_some_pod(objects: Objects) -> None:
    taken = {name for workload in workloads(objects) for name in _taking(objects, workload)}
    assert taken == _policies(objects).keys()


@pytest.mark.parametrize("edge", EDGES)
def test_an_edge_leads_where_the_table_says_and_nowhere_else(objects: Objects, edge: str) -> None:
    direction, peer, ports = EDGES[edge]
    spec = _policies(objects)[f"edge-{edge}"]
    assert spec["policyTypes"] == [direction.capitalize()]
    (rule,) = spec[direction]
    assert rule["to" if direction == "egress" else "from"] == [peer]
    assert {port["port"] for port in rule["ports"]} == ports
    assert not {"ingress", "egress"} - {direction} & spec.keys()


def test_the_edge_to_stripe_leads_to_no_private_address(objects: Objects) -> None:
    (rule,) = _policies(objects)["edge-stripe"]["egress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": 443}]
    (peer,) = rule["to"]
    assert {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"} <= set(peer["ipBlock"]["except"])


def test_the_bus_hears_workers_on_one_port_and_its_own_servers_on_another(objects: Objects) -> None:
    spec = _policies(objects)["nats"]
    allowed = {
        (port["port"], *(next(iter(peer["podSelector"]["matchLabels"])) for peer in rule["from"]))
        for rule in spec["ingress"]
        for port in rule["ports"]
    }
    assert allowed == {(4222, "edge.nexoraz.pro/nats"), (6222, "app.kubernetes.io/name")}


def test_no_policy_lets_a_pod_of_one_service_reach_another(objects: Objects) -> None:
    of_services = [each for each in workloads(objects) if each.name != "nats"]
    for name, spec in _policies(objects).items():
        for rule in [*spec.get("ingress", []), *spec.get("egress", [])]:
            for peer in rule.get("to", []):
                inside = "podSelector" in peer and "namespaceSelector" not in peer
                if inside:
                    assert not [e for e in of_services if selects(peer["podSelector"], e.labels)], name


def _rewritten(rule: dict[str, Any]) -> str:
    """Where the service is asked for a path that a standard puts elsewhere (/.well-known/…)."""
    (rewrite,) = [each["urlRewrite"] for each in rule["filters"] if each["type"] == "URLRewrite"]
    return str(rewrite["path"]["replaceFullPath"])


@pytest.mark.parametrize("service", SERVICES)
def test_a_route_leads_from_the_prefix_to_the_service(objects: Objects, service: str) -> None:
    (route,) = [each for each in of_kind(objects, "HTTPRoute") if each["metadata"]["name"] == f"{service}-api"]
    backends = {each["metadata"]["name"]: each for each in of_kind(objects, "Service")}
    for rule in route["spec"]["rules"]:
        for match in rule["matches"]:
            value = match["path"]["value"]
            if match["path"]["type"] == "Exact":
                value = _rewritten(rule)
            assert value == f"/v1/{service}" or value.startswith(f"/v1/{service}/")
        for backend in rule["backendRefs"]:
            assert backend["name"] == f"{service}-web"
            assert backend["port"] in {port["port"] for port in backends[backend["name"]]["spec"]["ports"]}
    everything = [{"path": {"type": "PathPrefix", "value": f"/v1/{service}"}}]
    assert everything in [rule["matches"] for rule in route["spec"]["rules"]]


def test_every_route_attaches_to_a_listener_that_exists(objects: Objects) -> None:
    (gateway,) = of_kind(objects, "Gateway")
    (gateway_class,) = of_kind(objects, "GatewayClass")
    assert gateway["spec"]["gatewayClassName"] == gateway_class["metadata"]["name"]
    listeners = {each["name"] for each in gateway["spec"]["listeners"]}
    used = set()
    for route in of_kind(objects, "HTTPRoute"):
        for parent in route["spec"]["parentRefs"]:
            assert parent["name"] == gateway["metadata"]["name"]
            used.add(parent["sectionName"])
    assert used == listeners


def test_production_speaks_tls_and_sends_everyone_there(production: Objects) -> None:
    (gateway,) = of_kind(production, "Gateway")
    protocols = {each["name"]: each["protocol"] for each in gateway["spec"]["listeners"]}
    assert protocols == {"api": "HTTPS", "redirect": "HTTP"}


def test_no_route_to_a_service_lets_a_stranger_join_or_force_a_trace(objects: Objects) -> None:
    for route in of_kind(objects, "HTTPRoute"):
        for rule in route["spec"]["rules"]:
            removed = [f.get("requestHeaderModifier", {}).get("remove") for f in rule.get("filters", [])]
            assert not rule.get("backendRefs") or ["traceparent", "tracestate", "baggage"] in removed, rule
