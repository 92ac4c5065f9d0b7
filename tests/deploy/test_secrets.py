"""Secrets are referred to and never written, and deploy/README.md names every one that an operator has to make."""

import re

from .overlays import ROOT, SERVICES, Objects, Workload, of_kind, workloads

README = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
MOUNT = "/run/nexoraz/secrets/"
ROW = re.compile(r"^\| `(nexoraz-[a-z-]+)` \| `([a-z.0-9-]+)` \| ", re.MULTILINE)
SENSITIVE = re.compile(r"PASSWORD|SECRET|API_KEY|ACCESS_KEY|DATABASE_URL|SMTP_URL|TOKEN")


def _documented() -> set[tuple[str, str]]:
    rows = ROW.findall(README)
    assert len(rows) == len(set(rows)), "a secret is documented twice"
    return set(rows)


def _referenced(objects: Objects) -> set[tuple[str, str]]:
    found = {each for workload in workloads(objects) for each in _of_workload(workload)}
    for gateway in of_kind(objects, "Gateway"):
        for listener in gateway["spec"]["listeners"]:
            for reference in listener.get("tls", {}).get("certificateRefs", []):
                found |= {(reference["name"], "tls.crt"), (reference["name"], "tls.key")}
    return found


def _of_workload(workload: Workload) -> set[tuple[str, str]]:
    volumes = {each["name"]: each["secret"]["secretName"] for each in workload.pod["volumes"] if "secret" in each}
    found: set[tuple[str, str]] = set()
    for container in workload.containers:
        for each in container.get("env", []):
            reference = each.get("valueFrom", {}).get("secretKeyRef")
            if reference:
                found.add((reference["name"], reference["key"]))
            if each["name"].endswith("_FILE"):
                assert each["value"].startswith(MOUNT)
                found.add((volumes["secrets"], each["value"].removeprefix(MOUNT)))
    return found


def test_the_readme_names_every_secret_that_is_referenced_and_no_other(
    production: Objects, local_cluster: Objects
) -> None:
    assert _documented() == _referenced(production) | _referenced(local_cluster)


def test_no_manifest_holds_a_secret(objects: Objects) -> None:
    assert not of_kind(objects, "Secret")
    for workload in workloads(objects):
        for container in workload.containers:
            for each in container.get("env", []):
                if SENSITIVE.search(each["name"]) and not each["name"].endswith("_FILE"):
                    assert "value" not in each, each["name"]
    for config in of_kind(objects, "ConfigMap"):
        assert not [key for key in config["data"] if SENSITIVE.search(key)]


def test_a_password_appears_in_a_url_only_by_reference(objects: Objects) -> None:
    for workload in workloads(objects):
        for container in workload.containers:
            for each in container.get("env", []):
                credentials = re.search(r"//[^/@]*:([^/@]*)@", each.get("value", ""))
                assert credentials is None or credentials[1].startswith("$("), each["name"]


def test_a_service_sees_its_own_secrets_alone(objects: Objects) -> None:
    for workload in workloads(objects):
        service = workload.name.partition("-")[0]
        if service in SERVICES:
            mounted = {each["secret"]["secretName"] for each in workload.pod["volumes"] if "secret" in each}
            assert mounted == {f"nexoraz-{service}"}


def test_secret_files_are_readable_by_the_process_and_no_one_else(objects: Objects) -> None:
    for workload in workloads(objects):
        for volume in workload.pod["volumes"]:
            if "secret" in volume:
                assert volume["secret"]["defaultMode"] == 0o440
                assert workload.pod["securityContext"]["fsGroup"] == workload.pod["securityContext"]["runAsGroup"]
