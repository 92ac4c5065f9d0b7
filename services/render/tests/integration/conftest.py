"""render on a real PostgreSQL, vault and S3, with assets and the engine in memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from nexoraz.events.tasks import Task
from nexoraz.local.testing.fixtures import NewMigratedDatabase
from nexoraz.local.testing.real import Bucket
from nexoraz.local.testing.services import bearer, close, know_key, on_databases
from nexoraz.render.adapters.memory import FakeEngine, MemoryPhotos
from nexoraz.render.application.policies import Policies
from nexoraz.render.application.run_render import RENDER, RunRender
from nexoraz.render.bootstrap import EXAMPLE, ROOT, App, build
from nexoraz.render.config import Settings
from nexoraz.render.projections.photos import remember_photo
from nexoraz.service.settings import Secret


@pytest.fixture
def settings(migrated_database: NewMigratedDatabase, s3: Bucket, tmp_path: Path) -> Settings:
    told = replace(
        EXAMPLE,
        public_url="https://nexoraz.test",
        s3_endpoint=s3.endpoint,
        s3_access_key=Secret(s3.access_key),
        s3_secret_key=Secret(s3.secret_key),
        s3_bucket=s3.bucket,
    )
    return on_databases(told, migrated_database, ROOT, tmp_path / "keys")


@pytest.fixture
def photos() -> MemoryPhotos:
    return MemoryPhotos()


@pytest.fixture
def app(settings: Settings, photos: MemoryPhotos) -> Iterator[App]:
    app = build(settings, photos=photos, engine=FakeEngine())
    know_key(app)
    yield app
    close(app)


@dataclass
class Person:
    """Someone at an HTTP client, far from the code, and the world's answers to what they do."""

    app: App
    photos: MemoryPhotos
    client: FlaskClient
    account_id: str = field(default_factory=lambda: str(uuid4()))

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> TestResponse:
        given = {**bearer(self.account_id), **(headers or {})}
        return self.client.open(f"/v1/render{path}", method=method, headers=given, **options)

    def has_photo(self, content: bytes = b"a photo of a cup") -> str:
        """Assets told of it; its id."""
        photo_id = str(uuid4())
        self.photos.photos[self.account_id, photo_id] = content
        with self.app.runtime.store.transaction() as tx:
            remember_photo(tx, self.account_id, photo_id)
        return photo_id

    def order(self, photo_id: str, key: str = "", **body: Any) -> TestResponse:
        headers = {"Idempotency-Key": key or str(uuid4())}
        return self.ask("POST", "/jobs", headers, json={"photo_id": photo_id, "preset": "marketplace-white", **body})

    def ordered(self) -> str:
        """The id of a new job."""
        answer = self.order(self.has_photo())
        assert answer.status_code == 202, answer.text
        assert answer.json is not None
        return str(answer.json["id"])

    def job(self, job_id: str) -> dict[str, Any]:
        answer = self.ask("GET", f"/jobs/{job_id}")
        assert answer.status_code == 200 and answer.json is not None, answer.text
        return dict(answer.json)

    def pays(self, job_id: str) -> None:
        """Billing reserves the credits."""
        policies = Policies(self.app.runtime.tasks, self.app.clock)
        with self.app.runtime.store.transaction() as tx:
            policies.run_render_on_credits_reserved(tx, self.account_id, job_id)

    def renders(self, job_id: str) -> None:
        """The worker runs the task."""
        app, tasks = self.app, self.app.runtime.tasks
        tasks.owner = "test"
        with app.runtime.engine.begin() as connection:
            claim = "UPDATE tasks SET state = 'running', owner = 'test', attempts = 1 WHERE kind = %s AND key = %s"
            row = connection.exec_driver_sql(f"{claim} RETURNING id", (RENDER, job_id)).one()
        run = RunRender(app.runtime.store, tasks, app.photos, app.engine, app.outputs, app.clock)
        run(Task(row.id, RENDER, job_id, self.account_id, {}, 1))

    def has_picture(self) -> str:
        """The id of a completed job."""
        job_id = self.ordered()
        self.pays(job_id)
        self.renders(job_id)
        return job_id


@pytest.fixture
def ann(app: App, photos: MemoryPhotos) -> Person:
    return Person(app, photos, app.web().test_client(use_cookies=False))


@pytest.fixture
def bob(app: App, photos: MemoryPhotos) -> Person:
    return Person(app, photos, app.web().test_client(use_cookies=False))
