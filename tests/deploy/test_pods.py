"""What every pod of every overlay promises: bounded, unprivileged, probed, replaceable."""

import re

from .overlays import SERVICES, Objects, Workload, of_kind, selects, workloads

PROBES = {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}


def test_each_service_has_its_processes_and_nothing_else_runs(objects: Objects) -> None:
    expected = {("StatefulSet", "nats"), ("CronJob", "billing-reconcile")}
    for service in SERVICES:
        expected |= {("Deployment", f"{service}-web"), ("Deployment", f"{service}-worker")}
        expected |= {("Job", f"{service}-migrate"), ("CronJob", f"{service}-rotate")}
    assert {(each.kind, each.name) for each in workloads(objects)} == expected


def test_a_process_is_started_by_its_name(objects: Objects) -> None:
    for workload in _of_services(objects):
        (container,) = workload.containers
        service, _, process = workload.name.partition("-")
        assert container["args"] == [process]
        assert "command" not in container
        assert container["image"].startswith(f"nexoraz/{service}:")


def _of_services(objects: Objects) -> list[Workload]:
    return [each for each in workloads(objects) if each.kind != "StatefulSet"]


def test_every_container_has_requests_and_limits(objects: Objects) -> None:
    for workload in workloads(objects):
        for container in workload.containers:
            for bound in ("requests", "limits"):
                assert {"cpu", "memory", "ephemeral-storage"} <= set(container["resources"][bound]), workload.name


def test_pods_keep_to_the_restricted_profile(objects: Objects) -> None:
    for workload in workloads(objects):
        pod = workload.pod["securityContext"]
        assert pod["runAsNonRoot"] is True
        assert pod["runAsUser"] >= 10000
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & workload.pod.keys()
        for container in workload.containers:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }


def test_the_namespace_enforces_that_profile(objects: Objects) -> None:
    (namespace,) = of_kind(objects, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_no_pod_has_a_token_for_the_kubernetes_api(objects: Objects) -> None:
    accounts = {each["metadata"]["name"]: each for each in of_kind(objects, "ServiceAccount")}
    for workload in workloads(objects):
        assert workload.pod["automountServiceAccountToken"] is False
        assert accounts[workload.pod["serviceAccountName"]]["automountServiceAccountToken"] is False


def test_scratch_space_is_bounded_memory_and_nothing_else_can_be_written(objects: Objects) -> None:
    for workload in workloads(objects):
        for volume in workload.pod["volumes"]:
            if "emptyDir" in volume:
                assert volume["emptyDir"]["medium"] == "Memory"
                assert "sizeLimit" in volume["emptyDir"]
            else:
                assert {"secret", "configMap", "image"} & volume.keys() or volume["name"] == "kek"


def test_only_what_makes_and_rotates_keys_can_write_them(objects: Objects) -> None:
    claims = {each["metadata"]["name"] for each in of_kind(objects, "PersistentVolumeClaim")}
    assert claims == {f"{service}-kek" for service in SERVICES}
    for workload in _of_services(objects):
        (volume,) = [each for each in workload.pod["volumes"] if each["name"] == "kek"]
        (mount,) = [each for each in workload.containers[0]["volumeMounts"] if each["name"] == "kek"]
        assert volume["persistentVolumeClaim"]["claimName"] == f"{workload.name.partition('-')[0]}-kek"
        assert mount.get("readOnly", False) is workload.name.endswith(("-web", "-reconcile"))


def test_keys_are_rotated_monthly_by_one_run_at_a_time(objects: Objects) -> None:
    rotations = [each for each in workloads(objects) if each.kind == "CronJob" and each.name != "billing-reconcile"]
    assert {each.name for each in rotations} == {f"{service}-rotate" for service in SERVICES}
    for rotation in rotations:
        minute, hour, day, *rest = rotation.spec["schedule"].split()
        assert minute.isdigit() and hour.isdigit() and day.isdigit() and rest == ["*", "*"]
        assert rotation.spec["timeZone"] == "Etc/UTC"
        assert rotation.spec["concurrencyPolicy"] == "Forbid"
        assert not rotation.spec.get("suspend", False)
        job = rotation.spec["jobTemplate"]["spec"]
        assert job["backoffLimit"] > 0, "a run that was killed is finished"
        assert job["activeDeadlineSeconds"] <= 86400, "a run that hangs must not forbid the next one"


def test_a_rotation_is_like_the_migrations_but_for_its_name(objects: Objects) -> None:
    found = {each.name: each for each in workloads(objects)}
    for service in SERVICES:
        rotation, migration = found[f"{service}-rotate"], found[f"{service}-migrate"]
        process = "app.kubernetes.io/component"
        assert rotation.labels == migration.labels | {process: "rotate"}
        assert rotation.spec["jobTemplate"]["metadata"]["labels"].items() <= rotation.labels.items()
        (container,) = migration.containers
        assert rotation.pod == migration.pod | {"containers": [container | {"args": ["rotate"]}]}


def test_keys_are_reached_from_every_machine_that_runs_the_service(production: Objects, local_cluster: Objects) -> None:
    def modes(objects: Objects) -> set[str]:
        return {mode for each in of_kind(objects, "PersistentVolumeClaim") for mode in each["spec"]["accessModes"]}

    assert modes(production) == {"ReadWriteMany"}
    assert modes(local_cluster) == {"ReadWriteOnce"}


def test_every_mount_has_its_volume_and_every_volume_its_mount(objects: Objects) -> None:
    for workload in workloads(objects):
        claims = {each["metadata"]["name"] for each in workload.spec.get("volumeClaimTemplates", [])}
        volumes = {each["name"] for each in workload.pod["volumes"]} | claims
        mounts = {mount["name"] for each in workload.containers for mount in each["volumeMounts"]}
        assert mounts == volumes, workload.name


def test_processes_that_stay_are_probed_by_path(objects: Objects) -> None:
    for workload in workloads(objects):
        (container,) = workload.containers
        if workload.kind == "Deployment":
            for probe, path in PROBES.items():
                assert container[probe]["httpGet"] == {"path": path, "port": "http"}
            assert {"name": "http", "containerPort": 8000, "protocol": "TCP"} in container["ports"]
        if workload.kind == "StatefulSet":
            assert container.keys() >= PROBES.keys()


def test_every_image_has_an_exact_tag(objects: Objects) -> None:
    images = {each["image"] for workload in workloads(objects) for each in workload.containers}
    images |= {
        volume["image"]["reference"]
        for workload in workloads(objects)
        for volume in workload.pod["volumes"]
        if "image" in volume
    }
    for image in images:
        assert re.fullmatch(r"[a-z/-]+:[0-9a-z][\w.-]*", image), image
        assert not image.endswith(":latest")


def test_a_web_rollout_never_has_fewer_pods_than_before(objects: Objects) -> None:
    for workload in workloads(objects):
        if workload.name.endswith("-web"):
            assert workload.spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_replicas_are_spread_by_their_own_labels(objects: Objects) -> None:
    for workload in workloads(objects):
        if not workload.stays:
            continue
        rules = workload.pod["topologySpreadConstraints"]
        assert {each["topologyKey"] for each in rules} == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
        for rule in rules:
            assert _taken(objects, rule["labelSelector"]) == {workload.name}


def _taken(objects: Objects, selector: dict[str, dict[str, str]]) -> set[str]:
    return {each.name for each in workloads(objects) if selects(selector, each.labels)}


def test_every_selector_takes_the_pods_of_its_own_workload_alone(objects: Objects) -> None:
    for workload in workloads(objects):
        if workload.stays:
            assert _taken(objects, workload.spec["selector"]) == {workload.name}
    for service in of_kind(objects, "Service"):
        taken = _taken(objects, {"matchLabels": service["spec"]["selector"]})
        name = service["metadata"]["name"]
        assert taken == {"nats" if name.startswith("nats") else name}
    for budget in of_kind(objects, "PodDisruptionBudget"):
        assert _taken(objects, budget["spec"]["selector"]) == {budget["metadata"]["name"]}


def test_a_service_targets_ports_that_its_pods_name(objects: Objects) -> None:
    for service in of_kind(objects, "Service"):
        (workload,) = [
            each for each in workloads(objects) if service["spec"]["selector"].items() <= each.labels.items()
        ]
        named = {port["name"] for each in workload.containers for port in each["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= named


def test_every_process_that_stays_has_a_disruption_budget(objects: Objects) -> None:
    budgets = {each["metadata"]["name"] for each in of_kind(objects, "PodDisruptionBudget")}
    assert budgets == {each.name for each in workloads(objects) if each.stays}


def test_the_local_cluster_runs_one_of_each(local_cluster: Objects) -> None:
    assert not of_kind(local_cluster, "HorizontalPodAutoscaler")
    assert all(each.spec.get("replicas", 1) == 1 for each in workloads(local_cluster))


def test_production_runs_two_or_more_of_each(production: Objects) -> None:
    scaled = {
        each["spec"]["scaleTargetRef"]["name"]: each["spec"]["minReplicas"]
        for each in of_kind(production, "HorizontalPodAutoscaler")
    }
    assert scaled.keys() == {*(f"{each}-web" for each in SERVICES), "render-worker"}
    for workload in workloads(production):
        if not workload.stays:
            continue
        fixed = workload.spec.get("replicas")
        assert (fixed is None) == (workload.name in scaled), "a count has one owner"
        assert (fixed or scaled[workload.name]) >= 2
