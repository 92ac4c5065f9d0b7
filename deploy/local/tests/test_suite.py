"""What the supervisor gives a service is what the service asks for."""

import importlib
import json
import subprocess
import sys

import pytest

from nexoraz.local.__main__ import parse
from nexoraz.local.credentials import Credentials
from nexoraz.local.layout import SERVICES, Layout
from nexoraz.local.migrations import GO_AHEAD, VARIABLE
from nexoraz.local.processes import plain_environment
from nexoraz.local.suite import Suite
from nexoraz.service.settings import load


@pytest.fixture
def suite(layout: Layout) -> Suite:
    layout.make_folders()
    return Suite(layout, Credentials(layout.secrets))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_finds_every_setting_it_needs(suite: Suite, service: str) -> None:
    settings = importlib.import_module(f"nexoraz.{service}.config").Settings
    for role in ("web", "worker"):
        assert load(settings, suite.process(service, role).environment) is not None


def test_a_service_gets_its_own_secrets_only(suite: Suite) -> None:
    for service in SERVICES:
        values = " ".join(suite.process(service, "web").environment.values())
        foreign = [f"nats-{other}" for other in (*SERVICES, "operator") if other != service]
        foreign += [f"database-nexoraz_{other}" for other in SERVICES if other != service]
        for name in (*foreign, "postgres-admin", "s3-operator"):
            assert suite.credentials.get(name) not in values, f"{service} holds {name}"


def test_every_port_has_one_purpose_within_the_forty(suite: Suite) -> None:
    taken = suite.layout.all_ports()
    assert len(taken) == 1 + 6 + 8 + 2 * len(SERVICES)
    assert all(suite.layout.port <= port <= suite.layout.port + 40 for port in taken)


def test_a_failed_migration_is_named_and_the_status_says_so(suite: Suite) -> None:
    suite.go_ahead.touch()
    environments = json.dumps({"billing": plain_environment()})
    environment = plain_environment(**{VARIABLE: environments, GO_AHEAD: str(suite.go_ahead)})
    command = [sys.executable, "-m", "nexoraz.local.migrations"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "NEXORAZ_DATABASE_URL" in ended.stderr
    assert ended.stderr.endswith("not migrated: billing\n")


@pytest.mark.parametrize("words", [["run", "--port", "20000"], ["--port", "20000", "run"], ["--port=20000", "stop"]])
def test_an_option_counts_before_and_behind_the_command(words: list[str]) -> None:
    assert parse(words).port == 20_000


def test_what_is_behind_a_services_command_is_the_services() -> None:
    parsed = parse(["--port", "20000", "do", "identity", "operator", "--port", "1"])
    assert (parsed.port, parsed.words) == (20_000, ["identity", "operator", "--port", "1"])
