"""identity on real parts: `person` talks to the application in this process, `suite` to its own processes."""

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from nexoraz.events.testing import FixedClock
from nexoraz.identity.adapters.memory import MemoryTransport
from nexoraz.identity.application.pace import Pace
from nexoraz.identity.bootstrap import EXAMPLE, ROOT, App, build
from nexoraz.identity.config import Settings
from nexoraz.local import ports
from nexoraz.local.testing.fixtures import NewDatabase, NewMigratedDatabase
from nexoraz.local.testing.real import RealNats
from nexoraz.local.testing.services import close, on_databases
from nexoraz.service.settings import Secret
from services.identity.tests.examples import NOW
from services.identity.tests.integration.journeys import Person
from services.identity.tests.integration.suite import Inbox, Suite


@pytest.fixture
def settings(migrated_database: NewMigratedDatabase, tmp_path: Path) -> Settings:
    told = replace(
        EXAMPLE,
        public_url="https://nexoraz.test",
        smtp_url=Secret("smtp://127.0.0.1:1"),
        mail_from="Nexoraz <hello@nexoraz.test>",
    )
    return on_databases(told, migrated_database, ROOT, tmp_path / "keys")


@pytest.fixture
def transport() -> MemoryTransport:
    return MemoryTransport()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def app(settings: Settings, transport: MemoryTransport) -> Iterator[App]:
    """identity at the present time."""
    app = build(settings, transport=transport, pace=Pace(sleep=lambda _: None))
    app.use_cases.signing.ensure_key()
    yield app
    close(app)


@pytest.fixture
def app_at_noon(settings: Settings, transport: MemoryTransport, clock: FixedClock) -> Iterator[App]:
    """identity with a clock that the test moves."""
    app = build(settings, transport=transport, clock=clock, pace=Pace(sleep=lambda _: None))
    yield app
    close(app)


@pytest.fixture
def person(app: App, transport: MemoryTransport) -> Person:
    """Someone at an HTTP client, far from the code."""
    return Person(app, app.web().test_client(use_cookies=False), transport)


@pytest.fixture
def suite(database: NewDatabase, nats: RealNats, tmp_path: Path) -> Iterator[Suite]:
    inbox, port = Inbox(), ports.free_range(3)
    smtp = Controller(inbox, hostname="127.0.0.1", port=port + 2)
    smtp.start()
    settings = {
        "DATABASE_URL": database(),
        "VAULT_DATABASE_URL": database(),
        "VAULT_KEK_DIR": str(tmp_path / "keys"),
        "NATS_URL": nats.url,
        "NATS_USER": "identity",
        "NATS_PASSWORD": nats.passwords["identity"],
        "SMTP_URL": f"smtp://127.0.0.1:{port + 2}",
        "MAIL_FROM": "Nexoraz <hello@nexoraz.test>",
        "WEB_WORKERS": "1",
        "BIND": f"127.0.0.1:{port}",
    }
    environment = {**os.environ, **{f"NEXORAZ_{name}": value for name, value in settings.items()}}
    suite = Suite(environment, port, smtp, inbox, tmp_path / "log")
    yield suite
    for process in suite.running:
        process.send_signal(signal.SIGTERM)
    for process in suite.running:
        process.wait(30)
    with contextlib.suppress(RuntimeError, AssertionError):
        smtp.stop()
