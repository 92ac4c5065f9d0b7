"""billing on a real PostgreSQL and vault, with Stripe in memory."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from nexoraz.billing.adapters.memory import FakePayments
from nexoraz.billing.bootstrap import EXAMPLE, ROOT, App, build
from nexoraz.billing.config import Settings
from nexoraz.local import ports
from nexoraz.local.parts.stripe import Stripe
from nexoraz.local.processes import start
from nexoraz.local.testing.fixtures import NewMigratedDatabase
from nexoraz.local.testing.services import bearer, close, know_key, on_databases
from nexoraz.service.settings import Secret

if TYPE_CHECKING:
    from services.billing.tests.integration.world import World

SECRET = "whsec_test"


@pytest.fixture
def settings(migrated_database: NewMigratedDatabase, tmp_path: Path) -> Settings:
    told = replace(
        EXAMPLE,
        public_url="https://nexoraz.test",
        stripe_api_key=Secret("sk_test_1"),
        stripe_webhook_secret=Secret(SECRET),
    )
    return on_databases(told, migrated_database, ROOT, tmp_path / "keys")


@pytest.fixture
def payments() -> FakePayments:
    return FakePayments()


@pytest.fixture
def app(settings: Settings, payments: FakePayments) -> Iterator[App]:
    app = build(settings, payments)
    know_key(app)
    yield app
    close(app)


@dataclass
class Person:
    """Someone at an HTTP client, far from the code."""

    client: FlaskClient
    account_id: str = field(default_factory=lambda: str(uuid4()))

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> TestResponse:
        given = {**bearer(self.account_id), **(headers or {})}
        return self.client.open(f"/v1/billing{path}", method=method, headers=given, **options)

    def buy(self, key: str = "", **body: Any) -> TestResponse:
        headers = {"Idempotency-Key": key or str(uuid4())}
        return self.ask("POST", "/purchases", headers, json={"pack": "starter", **body})

    def bought(self, **body: Any) -> dict[str, Any]:
        answer = self.buy(**body)
        assert answer.status_code == 201, answer.text
        assert answer.json is not None
        return dict(answer.json)

    def balance(self) -> tuple[int, int]:
        answer = self.ask("GET", "/balance").json
        assert answer is not None
        return answer["balance"], answer["reserved"]


@pytest.fixture
def client(app: App) -> FlaskClient:
    return app.web().test_client(use_cookies=False)


@pytest.fixture
def ann(client: FlaskClient) -> Person:
    return Person(client)


@pytest.fixture
def bob(client: FlaskClient) -> Person:
    return Person(client)


def event(about: str, type_: str = "payment_intent.succeeded", id_: str = "", **facts: str) -> bytes:
    """What Stripe sends. about: the id of the object; facts: what the object says besides."""
    about_it = {"id": about, **facts}
    body = {"id": id_ or f"evt_{uuid4().hex}", "object": "event", "type": type_, "data": {"object": about_it}}
    return json.dumps(body).encode()


@pytest.fixture(scope="module")
def stripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stripe]:
    """A Stripe that keeps state: localstripe, in a process of its own."""
    folder = tmp_path_factory.mktemp("stripe")
    part = Stripe(folder, ports.free_range(1), "sk_test_12345", "http://127.0.0.1:1/", "whsec_test", folder / "log")
    running = start(part)
    yield part
    running.stop()


def signature(payload: bytes, at: float | None = None, secret: str = SECRET) -> str:
    """As Stripe computes it."""
    moment = int(at or time.time())
    digest = hmac.new(secret.encode(), b"%d.%s" % (moment, payload), hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def tell(client: FlaskClient, payload: bytes, signed: str | None = None) -> TestResponse:
    headers = {"Stripe-Signature": signature(payload) if signed is None else signed}
    return client.post("/v1/billing/webhooks/stripe", data=payload, headers=headers, content_type="application/json")


def tasks(app: App) -> list[tuple[str, str]]:
    """Kind and key of what waits."""
    with app.runtime.engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql("SELECT kind, key FROM tasks ORDER BY id")]


@pytest.fixture
def world(settings: Settings, stripe: Stripe) -> "Iterator[World]":
    """A person, billing, and a Stripe that keeps state."""
    from services.billing.tests.integration.world import World

    world = World(settings, stripe)
    yield world
    close(world.app)
