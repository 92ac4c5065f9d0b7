"""The bus's configuration as Kubernetes mounts it, tried on the real server."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import nats.errors
import nats.js.errors
import pytest
from nats.aio.client import Client
from nats.js.api import StreamConfig

from nexoraz.local.parts.nats import inbox_prefix

from . import authorization
from .bus import USERS, Server, free_port, password, running
from .overlays import K8S, Objects, config_map, environment, of_kind, workloads

STREAM = StreamConfig(name="NEXORAZ_IDENTITY", subjects=["nexoraz.identity.*.*.*.*"])
SUBJECT = "nexoraz.identity.account-registered.v1.7.a"


@asynccontextmanager
async def _connected(server: Server, user: str, secret: str | None = None) -> AsyncIterator[tuple[Client, list[str]]]:
    """A client, and the permission violations that the server tells it about."""
    violations: list[str] = []

    async def heard(error: Exception) -> None:
        violations.append(str(error))

    client = await nats.connect(
        f"nats://127.0.0.1:{server.client}",
        user=user,
        password=secret or password(user),
        error_cb=heard,
        inbox_prefix=inbox_prefix(user),
        allow_reconnect=False,
        connect_timeout=5,
    )
    try:
        yield client, violations
    finally:
        await client.close()


def test_the_permissions_are_those_of_the_local_suite() -> None:
    assert (K8S / "base/nats/authorization.conf").read_text(encoding="utf-8") == authorization.text()


def test_both_overlays_mount_those_permissions(objects: Objects) -> None:
    (name,) = [
        each["metadata"]["name"]
        for each in of_kind(objects, "ConfigMap")
        if each["metadata"]["name"].startswith("nats-config-")
    ]
    data = config_map(objects, name)["data"]
    assert data["authorization.conf"] == authorization.text()
    assert 'include "./authorization.conf"' in data["nats.conf"]


def test_no_password_is_written_in_the_configuration(objects: Objects) -> None:
    for each in of_kind(objects, "ConfigMap"):
        for text in each["data"].values():
            assert all(value.startswith("$NATS_") for value in re.findall(r"\bpass\w*:\s*(\S+)", text))


def test_a_server_without_the_password_is_not_admitted(production: Objects, tmp_path: Path) -> None:
    def refused(server: Server, secret: str) -> bool:
        """Whether the server says that a route with this password is not admitted."""
        hello = json.dumps({"user": "cluster", "pass": secret, "name": "stranger", "server_id": "stranger"})
        with socket.create_connection(("127.0.0.1", server.cluster), timeout=3) as connection:
            wire = connection.makefile("rwb")
            assert wire.readline().startswith(b"INFO ")
            wire.write(f"CONNECT {hello}\r\n".encode())
            wire.flush()
            connection.settimeout(1)
            try:
                return any(b"Authorization Violation" in line for line in iter(wire.readline, b""))
            except TimeoutError:
                return False  # it waits for the next step of the handshake

    with running(production, tmp_path, size=1) as (server,):
        assert refused(server, "wrong")
        assert not refused(server, password("cluster"))


def test_the_servers_routes_are_one_to_each_of_them(production: Objects) -> None:
    (bus,) = [each for each in workloads(production) if each.kind == "StatefulSet"]
    given = environment(production, bus.containers[0])
    routes = {name: value for name, value in given.items() if name.startswith("NATS_ROUTE_")}
    assert routes == {
        f"NATS_ROUTE_{number}": f"nats://cluster:$(NATS_CLUSTER_PASSWORD)@nats-{number}.{bus.spec['serviceName']}:6222"
        for number in range(bus.spec["replicas"])
    }
    # Kubernetes expands a reference to what stands above it only.
    assert list(given).index("NATS_CLUSTER_PASSWORD") < min(list(given).index(name) for name in routes)


def test_clients_are_told_of_every_server(production: Objects) -> None:
    (bus,) = [each for each in workloads(production) if each.kind == "StatefulSet"]
    for workload in workloads(production):
        if workload is not bus and workload.kind == "Deployment":
            urls = environment(production, workload.containers[0])["NEXORAZ_NATS_URL"].split(",")
            assert urls == [f"nats://nats-{n}.{bus.spec['serviceName']}:4222" for n in range(bus.spec["replicas"])]


def test_production_syncs_every_write_and_a_single_server_does_not(production: Objects, local_cluster: Objects) -> None:
    def configuration(objects: Objects) -> str:
        (found,) = [each["data"] for each in of_kind(objects, "ConfigMap") if "nats.conf" in each["data"]]
        text: str = found["nats.conf"]
        return "\n".join(line for line in text.splitlines() if not line.startswith("#"))

    assert "sync_interval: always" in configuration(production)
    assert "sync_interval" not in configuration(local_cluster)


def test_one_server_keeps_services_to_their_own_subjects(local_cluster: Objects, tmp_path: Path) -> None:
    with running(local_cluster, tmp_path, size=1) as (server,):
        asyncio.run(_publish_as_owner(server))
        asyncio.run(_try_as_stranger(server))


async def _publish_as_owner(server: Server) -> None:
    async with _connected(server, "identity") as (client, violations):
        bus = client.jetstream()
        await bus.add_stream(STREAM)
        assert (await bus.publish(SUBJECT, b"{}")).seq == 1
        assert violations == []


async def _try_as_stranger(server: Server) -> None:
    async with _connected(server, "assets") as (client, violations):
        await client.publish(SUBJECT, b"{}")
        await client.publish("$JS.API.STREAM.PURGE.NEXORAZ_IDENTITY", b"{}")
        await client.subscribe("nexoraz.>")
        await client.flush()
        await asyncio.sleep(0.2)
        assert len(violations) == 3
        assert (await client.jetstream().stream_info("NEXORAZ_IDENTITY")).state.messages == 1


@pytest.mark.parametrize("user", [*USERS, "cluster", "somebody"])
def test_nobody_is_let_in_with_a_wrong_password(one_server: Server, user: str) -> None:
    async def attempt() -> None:
        async with _connected(one_server, user, "wrong"):
            pass

    with pytest.raises(nats.errors.Error):
        asyncio.run(attempt())


@pytest.fixture(scope="module")
def one_server(local_cluster: Objects, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(local_cluster, tmp_path_factory.mktemp("bus"), size=1) as (server,):
        yield server


def test_three_servers_find_each_other_and_keep_a_stream_in_three_copies(production: Objects, tmp_path: Path) -> None:
    async def across(servers: list[Server]) -> None:
        async with _connected(servers[0], "identity") as (client, violations):
            assert await _add_stream_when_led(client) == 3
            assert (await client.jetstream().publish(SUBJECT, b"{}", timeout=10)).seq == 1
            assert violations == []
        async with _connected(servers[2], "privacy") as (client, _):
            assert (await client.jetstream().stream_info("NEXORAZ_IDENTITY")).state.messages == 1

    with running(production, tmp_path, size=3) as servers:
        asyncio.run(across(servers))


async def _add_stream_when_led(client: Client) -> int:
    """The number of copies, once the servers have chosen who leads (a few seconds after they started)."""
    for _ in range(60):
        try:
            info = await client.jetstream(timeout=2).add_stream(STREAM, num_replicas=3)
        except (nats.js.errors.Error, nats.errors.Error):
            await asyncio.sleep(0.5)
        else:
            return info.config.num_replicas or 0
    raise TimeoutError("no leader in half a minute")


def test_ports_for_tests_stay_below_the_ephemeral_range() -> None:
    assert free_port() < 32768
