"""A database per test with the kernel's tables."""

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import Engine, MetaData, create_engine, text

from nexoraz.events.schema import APPEND_FUNCTION, KernelTables


@pytest.fixture
def kernel_database() -> Iterator[Engine]:
    dsn = os.environ["LEAD_PG"]
    admin = create_engine(dsn + "/postgres", isolation_level="AUTOCOMMIT")
    name = "k" + uuid4().hex
    with admin.connect() as c:
        c.execute(text(f"CREATE DATABASE {name}"))
    engine = create_engine(f"{dsn}/{name}")
    metadata = MetaData()
    KernelTables(metadata)
    with engine.begin() as c:
        metadata.create_all(c)
        c.exec_driver_sql(APPEND_FUNCTION)
    yield engine
    engine.dispose()
    with admin.connect() as c:
        c.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()
