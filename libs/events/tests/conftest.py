"""A database per test with the kernel's tables, made by the migration that the services use."""

from collections.abc import Iterator

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine

from nexoraz.events.migrations import create_kernel_tables_v1
from nexoraz.local.testing.fixtures import NewMigratedDatabase


def sqlalchemy_url(dsn: str) -> str:
    return dsn.replace("postgresql://", "postgresql+psycopg://", 1)


def migrate_kernel(dsn: str) -> None:
    engine = create_engine(sqlalchemy_url(dsn))
    with engine.begin() as connection:
        create_kernel_tables_v1(Operations(MigrationContext.configure(connection)))
    engine.dispose()


@pytest.fixture
def kernel_database(migrated_database: NewMigratedDatabase) -> Iterator[Engine]:
    engine = create_engine(sqlalchemy_url(migrated_database("kernel", migrate_kernel)), pool_size=20)
    yield engine
    engine.dispose()
