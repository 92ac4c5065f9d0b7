"""The example participant: it keeps the contract, and privacy waits for it on the real parts, whatever it does."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import newsletter
import pytest

from nexoraz.events.kek import LocalKek
from nexoraz.events.testing.participant_contract import ParticipantContract
from nexoraz.events.testing.subject import Subject
from nexoraz.events.vault_schema import migrate_vault
from nexoraz.local import ports
from nexoraz.local.testing.fixtures import NewDatabase, NewMigratedDatabase
from nexoraz.local.testing.real import RealNats
from nexoraz.privacy import verify
from nexoraz.service.database import make_engine
from nexoraz.service.migrate import migrate
from nexoraz.service.settings import Secret
from services.privacy.tests.integration.bus import Others
from services.privacy.tests.integration.conftest import others, suite
from services.privacy.tests.integration.suite import Suite, until

__all__ = ["others", "suite"]

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]
EXAMPLE = Path(newsletter.__file__).parent
HALF_DONE = Path(__file__).with_name("half_done.py")


@pytest.fixture(scope="class")
def subject(shared_database: NewMigratedDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    folder = tmp_path_factory.mktemp("keys")
    vault = Secret(shared_database("empty", lambda _: None))
    engine = make_engine(vault)
    migrate_vault(engine, LocalKek(folder))
    engine.dispose()
    data = Secret(shared_database("newsletter", lambda dsn: migrate(dsn, EXAMPLE / "migrations")))
    app = newsletter.build(
        newsletter.Settings(
            database_url=data,
            vault_database_url=vault,
            vault_kek_dir=folder,
            nats_url="nats://127.0.0.1:1",
            nats_password=Secret("none"),
        )
    )
    yield Subject.of(app)
    app.runtime.engine.dispose()
    app.runtime.vault.engine.dispose()


class TestNewsletter(ParticipantContract):
    """As its README says."""


@pytest.fixture(scope="module")
def nats_server(parts_folder: Path) -> Iterator[RealNats]:
    folder = parts_folder / "with-newsletter"
    folder.mkdir()
    server = RealNats(folder, guests=("newsletter",))
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def six_participants(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an operator adds to privacy's settings."""
    monkeypatch.setenv("NEXORAZ_PARTICIPANTS", "identity,assets,render,billing,privacy,newsletter")


@dataclass
class Newsletter:
    """The example in a process of its own."""

    environment: dict[str, str]
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def do(self, *words: str) -> None:
        command = [sys.executable, str(EXAMPLE / "newsletter.py"), *words]
        subprocess.run(command, env=self.environment, check=True, timeout=60)

    def work(self, program: Path = EXAMPLE / "newsletter.py") -> None:
        self.running.append(subprocess.Popen([sys.executable, program, "worker"], env=self.environment))

    def stop(self) -> None:
        for process in self.running:
            process.send_signal(signal.SIGTERM)
        for process in self.running:
            process.wait(30)
        self.running.clear()


@pytest.fixture
def reader(nats: RealNats, database: NewDatabase, tmp_path: Path) -> Iterator[Newsletter]:
    values = {
        "DATABASE_URL": database(),
        "VAULT_DATABASE_URL": database(),
        "VAULT_KEK_DIR": str(tmp_path / "newsletter-keys"),
        "NATS_URL": nats.url,
        "NATS_PASSWORD": nats.passwords["newsletter"],
        "BIND": f"127.0.0.1:{ports.free_range(1)}",
    }
    settings = {f"NEXORAZ_{name}": value for name, value in values.items()}
    service = Newsletter({**os.environ, **settings, "PYTHONPATH": str(EXAMPLE)})
    service.do("migrate")
    yield service
    service.stop()


def asked(suite: Suite, reader: Newsletter) -> tuple[str, dict[str, str]]:
    """An erasure of somebody who reads the newsletter: id of the request, and what opens it."""
    account = str(uuid4())
    reader.do("subscribe", account, "Dear Ann")
    request = suite.json("POST", "/requests", {"type": "erasure", "immediate": True}, **suite.bearer(account))
    return request["id"], {"Authorization": f"Bearer {request['token']}"}


def shown(suite: Suite, request: tuple[str, dict[str, str]]) -> dict[str, Any]:
    return suite.json("GET", f"/requests/{request[0]}", **request[1])


def answers(suite: Suite, request: tuple[str, dict[str, str]]) -> dict[str, str | None]:
    return {each["name"]: each["answer"] for each in shown(suite, request)["participants"]}


def test_an_erasure_waits_for_the_newsletter_and_proves_what_it_did(
    suite: Suite, others: Others, reader: Newsletter
) -> None:
    request = asked(suite, reader)
    until(lambda: shown(suite, request)["waiting_for"] == ["newsletter"])
    assert shown(suite, request)["state"] == "running"
    assert "participant-unannounced" in {each["reason"] for each in shown(suite, request)["attention"]}
    reader.work()
    until(lambda: shown(suite, request)["state"] == "completed", 90)
    status, file = suite.call("GET", f"/requests/{request[0]}/certificate", **request[1])
    assert status == 200
    certificate = verify.check(file, suite.json("GET", "/keys")["keys"])
    [own] = [each for each in certificate["participants"] if each["participant"] == "newsletter"]
    assert {line["store"]: line["erased"] for line in own["lines"] if line["erased"]} == {"readers": 1, "events": 1}
    assert own["keys_destroyed"] == 1 and own["scan"]["residue"] == 0


def test_a_newsletter_that_does_its_work_by_half_never_counts_as_done(
    suite: Suite, others: Others, reader: Newsletter
) -> None:
    request = asked(suite, reader)
    reader.work(HALF_DONE)
    until(lambda: answers(suite, request)["newsletter"] == "unverified", 90)
    assert shown(suite, request)["state"] == "running"
    assert "unverified" in {each["reason"] for each in shown(suite, request)["attention"]}
    assert suite.call("GET", f"/requests/{request[0]}/certificate", **request[1])[0] == 404
