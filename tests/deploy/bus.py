"""Starts real NATS servers with the rendered configuration: only addresses and folders are put in."""

import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .overlays import Objects, config_map, environment, workloads

_PORTS = range(29400, 31400)
USERS = ("identity", "assets", "render", "billing", "privacy", "operator")


@dataclass(frozen=True, slots=True)
class Server:
    client: int
    cluster: int
    name: str


def free_port() -> int:
    """A port below the ephemeral range on which nobody listens now; drawn, so that runs side by side rarely meet."""
    while True:
        port = secrets.choice(_PORTS)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


def password(user: str) -> str:
    return f"test-{user}"


def variables(objects: Objects) -> dict[str, str]:
    """The environment of the NATS container, with test passwords for what Secrets would give, and `$(…)` expanded."""
    (workload,) = [each for each in workloads(objects) if each.name == "nats"]
    (container,) = workload.containers
    found = environment(objects, container)
    for name in found:
        if name.endswith("_PASSWORD"):
            assert found[name].startswith("secretKeyRef/")
            found[name] = password(name.removeprefix("NATS_").removesuffix("_PASSWORD").lower())
    for name, value in found.items():
        found[name] = value.replace("$(NATS_CLUSTER_PASSWORD)", found.get("NATS_CLUSTER_PASSWORD", ""))
    return found


def write_configuration(objects: Objects, folder: Path, cluster: int) -> Path:
    """The files of the mounted ConfigMap, with `folder` for the claim and the port `cluster` for routes; returns the
    file to start with. What a flag would replace (--cluster takes the password away too) is replaced in the text."""
    folder.mkdir()
    (workload,) = [each for each in workloads(objects) if each.name == "nats"]
    (mounted,) = [each["configMap"]["name"] for each in workload.pod["volumes"] if "configMap" in each]
    for name, text in config_map(objects, mounted)["data"].items():
        here = text.replace('store_dir: "/data"', f'store_dir: "{folder}/data"')
        (folder / name).write_text(here.replace("0.0.0.0:6222", f"127.0.0.1:{cluster}"))
    assert workload.containers[0]["args"] == ["--config", "/etc/nats/nats.conf"]
    return folder / "nats.conf"


@contextmanager
def running(objects: Objects, folder: Path, size: int) -> Iterator[list[Server]]:
    """`size` servers on 127.0.0.1, with routes between them where there are several; stopped at the end."""
    servers = [Server(free_port(), free_port(), f"nats-{number}") for number in range(size)]
    given = variables(objects)
    for number, server in enumerate(servers):
        route = given.get(f"NATS_ROUTE_{number}")
        if route is not None:
            credentials = route.partition("@")[0]
            given[f"NATS_ROUTE_{number}"] = f"{credentials}@127.0.0.1:{server.cluster}"
    with ExitStack() as stack:
        for server in servers:
            configuration = write_configuration(objects, folder / server.name, server.cluster)
            stack.enter_context(_one(server, configuration, given))
        for server in servers:
            _wait(server)
        yield servers


@contextmanager
def _one(server: Server, configuration: Path, given: Mapping[str, str]) -> Iterator[None]:
    command = [str(Path(sys.prefix) / "bin" / "nats-server"), "--config", str(configuration)]
    command += ["--addr", "127.0.0.1", "--port", str(server.client), "--http_port", str(free_port())]
    command += ["--pid", str(configuration.with_name("nats.pid"))]
    with configuration.with_name("log").open("wb") as log:
        environment_ = {**given, "NATS_SERVER_NAME": server.name}
        process = subprocess.Popen(command, env=environment_, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def _wait(server: Server) -> None:
    until = time.monotonic() + 15
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", server.client)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"{server.name} does not listen")
