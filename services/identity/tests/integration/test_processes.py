"""identity as it runs: migrate, web and worker as processes, on real PostgreSQL, NATS and SMTP."""

import subprocess
import sys
import time

import pytest
from aiosmtpd.controller import Controller

from nexoraz.local.testing.real import RealNats
from services.identity.tests.examples import EMAIL, PASSWORD
from services.identity.tests.integration.journeys import ACCOUNT
from services.identity.tests.integration.suite import Suite, published, until

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

SAID = (
    "signing-key-published", "participant-announced", "account-registered", "account-verified", "session-revoked",
)  # fmt: skip


def test_a_person_joins_and_the_bus_hears_of_it(suite: Suite, nats: RealNats) -> None:
    assert suite.run("migrate") == 0
    assert suite.run("migrate") == 0
    suite.start("web", suite.web_port)
    suite.start("worker", suite.web_port + 1)
    assert suite.call("POST", "/accounts", ACCOUNT)[0] == 202
    assert suite.call("POST", "/accounts/verification", {"token": suite.token()})[0] == 200
    status, signed_in = suite.call("POST", "/sessions", {"email": EMAIL, "password": PASSWORD})
    assert status == 201
    bearer = {"Authorization": f"Bearer {signed_in['access_token']}"}
    assert suite.call("GET", "/profile", **bearer)[1]["email"] == EMAIL
    assert suite.call("DELETE", "/sessions/current", **bearer)[0] == 204
    assert suite.call("GET", "/profile", **bearer)[0] == 401
    wanted = [
        "signing-key-published",
        "participant-announced",
        "account-registered",
        "account-verified",
        "session-revoked",
    ]
    until(lambda: published(nats) == [f"nexoraz.identity.{name}.v1" for name in wanted])
    mail = suite.inbox.messages[-1]
    assert mail["To"] == EMAIL and mail["Message-ID"].endswith("@nexoraz.test>")
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    for secret in (EMAIL, PASSWORD, "Ann", signed_in["access_token"]):
        assert secret not in suite.log.read_text()


def test_bus_and_mail_away_stop_nobody_and_lose_nothing(suite: Suite, nats: RealNats) -> None:
    assert suite.run("migrate") == 0
    suite.smtp.stop()
    nats.stop()
    suite.start("web", suite.web_port)
    worker = suite.spawn("worker", suite.web_port + 1)
    assert suite.call("POST", "/accounts", ACCOUNT)[0] == 202
    time.sleep(1)
    worker.kill()
    worker.wait(10)
    nats.start()
    suite.smtp = Controller(suite.inbox, hostname="127.0.0.1", port=suite.web_port + 2)
    suite.smtp.start()
    suite.start("worker", suite.web_port + 1)
    assert suite.call("POST", "/accounts/verification", {"token": suite.token()})[0] == 200
    until(lambda: "nexoraz.identity.account-verified.v1" in published(nats))
    assert len(suite.inbox.messages) == 1
    suite.smtp.stop()


def test_settings_that_are_missing_are_all_named_at_once(suite: Suite) -> None:
    bare = {name: value for name, value in suite.environment.items() if not name.startswith("NEXORAZ_")}
    command = [sys.executable, "-m", "nexoraz.identity", "web"]
    done = subprocess.run(command, env=bare, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    names = "DATABASE_URL VAULT_DATABASE_URL VAULT_KEK_DIR NATS_URL NATS_PASSWORD SMTP_URL MAIL_FROM"
    for name in names.split():
        assert f"NEXORAZ_{name} is missing" in done.stderr
