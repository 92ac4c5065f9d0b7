"""privacy on a real PostgreSQL, with a real vault; the bucket is in memory, and the clock moves when told."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nexoraz.events.buckets import MemoryBucket
from nexoraz.events.kek import LocalKek
from nexoraz.events.testing import FixedClock
from nexoraz.events.vault_schema import migrate_vault
from nexoraz.local.testing.fixtures import NewDatabase, NewMigratedDatabase
from nexoraz.privacy.bootstrap import EXAMPLE, MIGRATIONS, App, build
from nexoraz.privacy.config import Settings
from nexoraz.service.database import make_engine
from nexoraz.service.migrate import migrate
from nexoraz.service.settings import Secret
from services.privacy.tests.integration.driver import Coordinator


def migrate_data(dsn: str) -> None:
    migrate(dsn, MIGRATIONS)


@pytest.fixture
def settings(migrated_database: NewMigratedDatabase, database: NewDatabase, tmp_path: Path) -> Settings:
    vault = Secret(database())
    engine = make_engine(vault)
    migrate_vault(engine, LocalKek(tmp_path / "keys"))
    engine.dispose()
    data = Secret(migrated_database("privacy", migrate_data))
    return replace(EXAMPLE, database_url=data, vault_database_url=vault, vault_kek_dir=tmp_path / "keys")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime.now(UTC))


@pytest.fixture
def app(settings: Settings, clock: FixedClock) -> Iterator[App]:
    app = build(settings, clock=clock, bucket=MemoryBucket())
    app.start()
    yield app
    app.runtime.store.hint.close()  # type: ignore[attr-defined]  # Runtime gives a RelayHint
    app.runtime.engine.dispose()
    app.runtime.vault.engine.dispose()


@pytest.fixture
def coordinator(app: App, clock: FixedClock) -> Coordinator:
    """The service, and everything that reaches it from outside, without a bus."""
    return Coordinator(app, clock)
