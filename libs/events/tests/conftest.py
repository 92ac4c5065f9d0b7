"""A database per test with the kernel's tables, made by the migration that the services use, and what stands on it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine

from nexoraz.events.buckets import MemoryBucket
from nexoraz.events.kek import LocalKek
from nexoraz.events.migrations import create_kernel_tables_v1, create_legal_holds_v2
from nexoraz.events.testing.notebook import METADATA, Notebook
from nexoraz.events.vault import Vault
from nexoraz.events.vault_schema import migrate_vault
from nexoraz.local.testing.fixtures import NewMigratedDatabase


def sqlalchemy_url(dsn: str) -> str:
    return dsn.replace("postgresql://", "postgresql+psycopg://", 1)


def migrate_kernel(dsn: str) -> None:
    engine = create_engine(sqlalchemy_url(dsn))
    with engine.begin() as connection:
        op = Operations(MigrationContext.configure(connection))
        create_kernel_tables_v1(op)
        create_legal_holds_v2(op)
    engine.dispose()


@pytest.fixture
def kernel_database(migrated_database: NewMigratedDatabase) -> Iterator[Engine]:
    engine = create_engine(sqlalchemy_url(migrated_database("kernel", migrate_kernel)), pool_size=20)
    yield engine
    engine.dispose()


@pytest.fixture
def kek(tmp_path: Path) -> LocalKek:
    return LocalKek(tmp_path / "kek")


@pytest.fixture
def vault(kernel_database: Engine, kek: LocalKek) -> Vault:
    migrate_vault(kernel_database, kek)
    return Vault(kernel_database, kek)


@pytest.fixture
def notebook(kernel_database: Engine, database: Callable[[], str], tmp_path: Path) -> Notebook:
    METADATA.create_all(kernel_database)
    kek, engine = LocalKek(tmp_path / "kek"), create_engine(database().replace("postgresql:", "postgresql+psycopg:"))
    migrate_vault(engine, kek)
    return Notebook(kernel_database, Vault(engine, kek), MemoryBucket())
