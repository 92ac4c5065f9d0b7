"""Erasure and export over the whole suite as `make run` starts it, from the request to the certificate or archive."""

import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median, quantiles

from benchmarks import exports
from benchmarks.figures import Figure
from benchmarks.parts import PORTS, ROOT, Parts
from nexoraz.assets.bootstrap import App
from nexoraz.local import ports
from nexoraz.local.layout import SERVICES, Layout
from nexoraz.local.parts.binaries import python_module
from tests.journey.demo import reachable, sample
from tests.journey.person import Person
from tests.journey.running import RunningSuite
from tests.size.filling import assets_of, fill

START_S = 150.0
CALLERS = 8
"""People at a time who ask for an erasure while its rate is measured."""
MANY_EVENTS = 10_000
NO_PEER = "a bound, not a peer"


def figures(parts: Parts) -> list[Figure]:
    with running(parts) as suite:
        app, people = assets_of(suite), parts.scale.people
        try:
            return [*_erasures(suite, app, people), *_exports(suite, app, people)]
        finally:
            app.runtime.engine.dispose()


def _erasures(suite: RunningSuite, app: App, people: int) -> list[Figure]:
    taken = sorted([erase(quiet_person(suite)) for _ in range(people + 1)][1:])
    small, name = median(taken), f"erasure, request to certificate, five services, {people} small accounts"
    many = median([erase(person_with(suite, app, MANY_EVENTS)) for _ in range(3)])
    return [
        Figure(f"{name}, p50", small, "ms", NO_PEER, 1.0, "limit <= 300"),
        Figure(f"{name}, p99", quantiles(taken, n=100, method="inclusive")[98], "ms", NO_PEER, 1.0, "limit <= 1000"),
        Figure(f"the same with {MANY_EVENTS:,} events", many, "ms", "a small account", small, "<= 2.0"),
        Figure(f"erasures to certificate, {CALLERS} callers", _rate(suite, people), "/s", NO_PEER, 1.0, "limit >= 50"),
    ]


def _exports(suite: RunningSuite, app: App, people: int) -> list[Figure]:
    taken = [export(quiet_person(suite)) for _ in range(people // 2 + 1)][1:]
    many = [export(person_with(suite, app, MANY_EVENTS)) for _ in range(3)]
    name = "access export, request to archive"
    return [
        Figure(f"{name}, p50", median(taken), "ms", NO_PEER, 1.0, "limit <= 500"),
        Figure(f"{name}, {MANY_EVENTS:,} events", median(many), "ms", NO_PEER, 1.0, "limit <= 1500"),
        exports.figure(suite, app, quiet_person, export),
    ]


def _rate(suite: RunningSuite, people: int) -> float:
    """Erasures per second when several ask at the same time, each as soon as its last one is certified."""
    crowd = [quiet_person(suite, pause_s=0.0) for _ in range(people * 2)]
    for person in crowd:
        person.sign_in()
    started = time.perf_counter()
    with ThreadPoolExecutor(CALLERS) as pool:
        list(pool.map(_erase, crowd))
    return len(crowd) / (time.perf_counter() - started)


def quiet_person(suite: RunningSuite, pause_s: float = 0.5) -> Person:
    """With an account and a photo; afterwards the suite is idle for a moment."""
    person = suite.person()
    person.register()
    person.sign_in()
    person.upload(sample())
    time.sleep(pause_s)
    return person


def person_with(suite: RunningSuite, app: App, events: int) -> Person:
    person = quiet_person(suite)
    fill(app, person.account_id, 0, events)
    time.sleep(1.0)  # the relay passes them
    return person


def erase(person: Person) -> float:
    """Milliseconds from the request until the certificate was there."""
    person.sign_in()
    started = time.perf_counter()
    _erase(person)
    return (time.perf_counter() - started) * 1000


def _erase(person: Person) -> None:
    request = person.call("POST", "/v1/privacy/requests", {"type": "erasure", "immediate": True})
    for _ in person.watch(request["id"], request["token"]):
        pass
    person.certificate(request["id"], request["token"])


def export(person: Person) -> float:
    """Milliseconds from the request until the archive could be downloaded."""
    person.sign_in()
    started = time.perf_counter()
    request = person.call("POST", "/v1/privacy/requests", {"type": "access"})
    for _ in person.watch(request["id"], request["token"]):
        pass
    return (time.perf_counter() - started) * 1000


@contextmanager
def running(parts: Parts) -> Iterator[RunningSuite]:
    """The suite, ready."""
    var, port = parts.folder / "suite", ports.free_range(PORTS)
    command = python_module("nexoraz.local")
    with parts.program(*command, "--var", str(var), "--port", str(port), "run"):
        _wait_until_ready(var, port)
        yield RunningSuite(var, port)


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
