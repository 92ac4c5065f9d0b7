"""What the kernel's migrations make is what its tables declare."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, MetaData

from nexoraz.events.columns import classify_column
from nexoraz.events.schema import KernelTables

pytestmark = pytest.mark.real


def test_the_migrated_database_has_exactly_the_declared_tables(kernel_database: Engine) -> None:
    metadata = MetaData()
    KernelTables(metadata)
    with kernel_database.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_every_column_of_the_kernel_says_what_it_holds() -> None:
    metadata = MetaData()
    KernelTables(metadata)
    for table in metadata.tables.values():
        for column in table.columns:
            classify_column(column)
