"""privacy on a real PostgreSQL, with a real vault; the bucket is in memory, and the clock moves when told."""

import json
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from nexoraz.events.buckets import MemoryBucket
from nexoraz.events.testing import FixedClock
from nexoraz.local import ports
from nexoraz.local.testing.fixtures import NewDatabase, NewMigratedDatabase
from nexoraz.local.testing.real import Bucket, RealNats
from nexoraz.local.testing.services import close, on_databases
from nexoraz.privacy.adapters.memory import MemoryLetters
from nexoraz.privacy.bootstrap import EXAMPLE, ROOT, App, build
from nexoraz.privacy.config import Settings
from nexoraz.service.tokens import public_jwk
from services.privacy.tests.integration.bus import Others
from services.privacy.tests.integration.driver import Coordinator
from services.privacy.tests.integration.suite import Suite, until


@pytest.fixture
def settings(migrated_database: NewMigratedDatabase, tmp_path: Path) -> Settings:
    return on_databases(EXAMPLE, migrated_database, ROOT, tmp_path / "keys")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime.now(UTC))


@pytest.fixture
def app(settings: Settings, clock: FixedClock) -> Iterator[App]:
    app = build(settings, clock=clock, bucket=MemoryBucket(), letters=MemoryLetters())
    app.start()
    yield app
    close(app)


@pytest.fixture
def coordinator(app: App, clock: FixedClock) -> Coordinator:
    """The service, and everything that reaches it from outside, without a bus."""
    return Coordinator(app, clock)


@pytest.fixture
def suite(database: NewDatabase, nats: RealNats, s3: Bucket, tmp_path: Path) -> Iterator[Suite]:
    """privacy's two processes, migrated and ready, with the key that signs the tests' sessions."""
    port = ports.free_range(2)
    values = {
        "DATABASE_URL": database(),
        "VAULT_DATABASE_URL": database(),
        "VAULT_KEK_DIR": str(tmp_path / "keys"),
        "NATS_URL": nats.url,
        "NATS_USER": "privacy",
        "NATS_PASSWORD": nats.passwords["privacy"],
        "S3_ENDPOINT": s3.endpoint,
        "S3_ACCESS_KEY": s3.access_key,
        "S3_SECRET_KEY": s3.secret_key,
        "S3_BUCKET": s3.bucket,
        "WEB_WORKERS": "1",
        "BIND": f"127.0.0.1:{port}",
    }
    environment = {**os.environ, **{f"NEXORAZ_{name}": value for name, value in values.items()}}
    suite = Suite(environment, port, tmp_path / "log")
    assert suite.run("migrate") == 0
    suite.start("web")
    suite.start("worker")
    yield suite
    for process in suite.running.values():
        process.send_signal(signal.SIGTERM)
    for process in suite.running.values():
        process.wait(30)


@pytest.fixture
def others(suite: Suite, nats: RealNats) -> Iterator[Others]:
    """The other services, announced; privacy knows identity's key."""
    others = Others(nats)
    others.start()
    not_after = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    jwk = public_jwk(suite.key)
    facts = {"kid": jwk["kid"], "public_jwk": json.dumps(jwk), "not_after": not_after}
    others.say("identity", "signing-key-published", jwk["kid"], facts)
    until(lambda: suite.call("GET", "/requests", **suite.bearer(str(uuid4())))[0] == 200)
    yield others
    others.stop()
