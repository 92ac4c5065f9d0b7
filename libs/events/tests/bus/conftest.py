"""Services on databases of their own, and the real NATS server with the permissions of production."""

from collections.abc import Iterator
from typing import Any

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine

from nexoraz.events.bus import NatsSettings
from nexoraz.events.migrations import create_kernel_tables_v1, create_legal_holds_v2
from nexoraz.local.testing.fixtures import NewMigratedDatabase
from nexoraz.local.testing.real import RealNats

from .shop import SEEN, Confirmed, Shop, engine_of, see


def migrate(dsn: str) -> None:
    engine = engine_of(dsn)
    with engine.begin() as connection:
        op = Operations(MigrationContext.configure(connection))
        create_kernel_tables_v1(op)
        create_legal_holds_v2(op)
        connection.exec_driver_sql(SEEN)
    engine.dispose()


class NewShop:
    def __init__(self, databases: NewMigratedDatabase, nats: RealNats) -> None:
        self.databases = databases
        self.nats = nats
        self.engines: list[Engine] = []

    def settings(self, service: str, url: str | None = None) -> NatsSettings:
        return NatsSettings(url=url or self.nats.url, user=service, password=self.nats.passwords[service])

    def __call__(self, service: str, handlers: Any = None, url: str | None = None, **extra: Any) -> Shop:
        self.engines.append(engine_of(self.databases("bus", migrate)))
        return Shop(service, self.engines[-1], self.settings(service, url), handlers or {}, extra)


@pytest.fixture
def new_shop(migrated_database: NewMigratedDatabase, nats: RealNats) -> Iterator[NewShop]:
    shops = NewShop(migrated_database, nats)
    yield shops
    for engine in shops.engines:
        engine.dispose()


@pytest.fixture
def assets(new_shop: NewShop) -> Shop:
    return new_shop("assets")


@pytest.fixture
def render(new_shop: NewShop) -> Shop:
    return new_shop("render", {Confirmed: see})
