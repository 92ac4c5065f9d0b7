"""assets on a real PostgreSQL, a real vault and a real S3."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from nexoraz.assets.bootstrap import EXAMPLE, ROOT, App, build
from nexoraz.assets.config import Settings
from nexoraz.local.testing.fixtures import NewMigratedDatabase
from nexoraz.local.testing.real import Bucket
from nexoraz.local.testing.services import bearer, close, know_key, on_databases
from nexoraz.service.settings import Secret
from services.assets.tests.examples import png

PUBLIC_URL = "https://nexoraz.test"


@pytest.fixture
def settings(migrated_database: NewMigratedDatabase, s3: Bucket, tmp_path: Path) -> Settings:
    told = replace(
        EXAMPLE,
        public_url=PUBLIC_URL,
        s3_endpoint=s3.endpoint,
        s3_access_key=Secret(s3.access_key),
        s3_secret_key=Secret(s3.secret_key),
        s3_bucket=s3.bucket,
        photo_bytes=12_000_000,
    )
    return on_databases(told, migrated_database, ROOT, tmp_path / "keys")


@pytest.fixture
def app(settings: Settings) -> Iterator[App]:
    app = build(settings)
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
