"""Erasure over the whole suite as `make run` starts it, from the request to the certificate."""

import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure
from benchmarks.parts import PORTS, ROOT, Parts
from nexoraz.local import ports
from nexoraz.local.layout import SERVICES, Layout
from nexoraz.local.parts.binaries import python_module
from tests.journey.demo import places, reachable, sample
from tests.journey.person import Person

START_S = 150.0
SERVES_ALL = {"NEXORAZ_THROTTLE_FACTOR": "1000"}
"""Everybody registers from one address here."""


def erase(person: Person) -> float:
    """Milliseconds from the request until the certificate was there."""
    person.sign_in()
    started = time.perf_counter()
    request = person.call("POST", "/v1/privacy/requests", {"type": "erasure", "immediate": True})
    for _ in person.watch(request["id"], request["token"]):
        pass
    person.certificate(request["id"], request["token"])
    return (time.perf_counter() - started) * 1000


def figures(parts: Parts) -> list[Figure]:
    var, port = parts.folder / "suite", ports.free_range(PORTS)
    command = python_module("nexoraz.local")
    with parts.program(*command, "--var", str(var), "--port", str(port), "run", **SERVES_ALL):
        _wait_until_ready(var, port)
        where, taken = places(var, port), []
        for _ in range(parts.scale.people + 1):
            person = Person(where)
            person.register()
            person.sign_in()
            person.upload(sample())
            time.sleep(0.5)  # the suite is idle when the request comes
            taken.append(erase(person))
    middle, reference = median(taken[1:]), "a bound, not a peer"
    name = f"erasure, request to certificate, five services, {parts.scale.people} small accounts"
    return [
        Figure(f"{name}, p50", middle, "ms", reference, 1.0, "limit <= 300"),
        Figure(f"{name}, worst", max(taken[1:]), "ms", reference, 1.0, "limit <= 1000"),
    ]


def _wait_until_ready(var: Path, port: int) -> None:
    give_up = time.monotonic() + START_S
    while not ((var / "run" / "addresses.json").exists() and reachable(port) and _answers(var, port)):
        if time.monotonic() > give_up:
            raise RuntimeError("the suite did not start")
        time.sleep(0.3)


def _answers(var: Path, port: int) -> bool:
    layout = Layout(ROOT, var, port)
    probes = [layout.web_port(s) for s in SERVICES] + [layout.worker_port(s) for s in SERVICES]
    with suppress(OSError):
        for probe in probes:
            with urllib.request.urlopen(f"http://127.0.0.1:{probe}/readyz", timeout=2) as answer:
                answer.read()
        return True
    return False
