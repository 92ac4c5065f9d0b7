"""assets on a real PostgreSQL, a real vault and a real S3."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from nexoraz.assets.bootstrap import ROOT, App, build
from nexoraz.assets.config import Settings
from nexoraz.events.kek import LocalKek
from nexoraz.events.vault_schema import migrate_vault
from nexoraz.local.testing.fixtures import NewDatabase, NewMigratedDatabase
from nexoraz.local.testing.real import Bucket
from nexoraz.service.auth import remember_key
from nexoraz.service.database import make_engine
from nexoraz.service.migrate import migrate
from nexoraz.service.settings import Secret
from nexoraz.service.tokens import TokenClaims, new_signing_key, public_jwk, sign_token
from services.assets.tests.examples import png

PUBLIC_URL = "https://nexoraz.test"
SIGNING_KEY = new_signing_key()


def migrate_data(dsn: str) -> None:
    migrate(dsn, ROOT / "migrations")


@pytest.fixture
def settings(migrated_database: NewMigratedDatabase, database: NewDatabase, s3: Bucket, tmp_path: Path) -> Settings:
    vault = Secret(database())
    engine = make_engine(vault)
    migrate_vault(engine, LocalKek(tmp_path / "keys"))
    engine.dispose()
    return Settings(
        database_url=Secret(migrated_database("assets", migrate_data)),
        vault_database_url=vault,
        vault_kek_dir=tmp_path / "keys",
        public_url=PUBLIC_URL,
        nats_url="nats://127.0.0.1:1",
        nats_password=Secret("assets-password"),
        s3_endpoint=s3.endpoint,
        s3_access_key=Secret(s3.access_key),
        s3_secret_key=Secret(s3.secret_key),
        s3_bucket=s3.bucket,
        photo_bytes=12_000_000,
    )


def know_key(app: App) -> None:
    """What the worker does on identity's signing-key-published."""
    with app.runtime.engine.begin() as connection:
        not_after = datetime.now(UTC) + timedelta(days=1)
        remember_key(connection, SIGNING_KEY["kid"], public_jwk(SIGNING_KEY), not_after)


def close(app: App) -> None:
    app.runtime.store.hint.close()  # type: ignore[attr-defined]  # Runtime gives a RelayHint
    app.runtime.engine.dispose()


@pytest.fixture
def app(settings: Settings) -> Iterator[App]:
    app = build(settings)
    know_key(app)
    yield app
    close(app)


def bearer(account_id: str) -> dict[str, str]:
    now = datetime.now(UTC)
    claims = TokenClaims(account_id, str(uuid4()), now, frozenset())
    return {"Authorization": f"Bearer {sign_token(SIGNING_KEY, claims, now)}"}


@dataclass
class Person:
    """Someone at an HTTP client, far from the code."""

    client: FlaskClient
    account_id: str = field(default_factory=lambda: str(uuid4()))

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> TestResponse:
        given = {**bearer(self.account_id), **(headers or {})}
        return self.client.open(f"/v1/assets{path}", method=method, headers=given, **options)

    def upload(self, content: bytes, key: str = "", query: str = "", type_: str = "image/png") -> TestResponse:
        headers = {"Idempotency-Key": key or str(uuid4()), "Content-Type": type_}
        return self.ask("POST", f"/photos{query}", headers, data=content)

    def has_photo(self, content: bytes = b"", query: str = "") -> str:
        """Its id."""
        answer = self.upload(content or png(), query=query)
        assert answer.status_code == 201, answer.text
        assert answer.json is not None
        return str(answer.json["id"])


@pytest.fixture
def client(app: App) -> FlaskClient:
    return app.web().test_client(use_cookies=False)


@pytest.fixture
def ann(client: FlaskClient) -> Person:
    return Person(client)


@pytest.fixture
def bob(client: FlaskClient) -> Person:
    return Person(client)


def stored(app: App) -> list[str]:
    """The names of everything in the bucket: versions, markers and unfinished uploads."""
    return [found.name for found in app.objects.bucket.found("")]
