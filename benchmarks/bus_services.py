"""Two services on the kernel as the benchmarks of the bus need them: one uploads photos, one reads of them."""

import asyncio
from typing import Annotated, Any, ClassVar
from uuid import uuid4

import nats
import structlog
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, MetaData, create_engine, inspect

from benchmarks.parts import Parts
from nexoraz.events.bus import NatsSettings
from nexoraz.events.classification import Fact, Id, Personal
from nexoraz.events.contracts import Contract, Foreign
from nexoraz.events.event import Event, Recorded, Stream
from nexoraz.events.migrations import create_kernel_tables_v1, create_legal_holds_v2
from nexoraz.events.registry import Registry
from nexoraz.events.schema import KernelTables
from nexoraz.events.sql_store import SqlEventStore
from nexoraz.events.testing.fakes import MemorySealer

TABLES = KernelTables(MetaData())


class PhotoUploaded(Event, frozen=True):
    account_id: Id
    photo_id: Id
    title: Annotated[str, Personal("user.content")]
    size: Fact[int]


class PhotoSeen(Event, frozen=True):
    account_id: Id
    photo_id: Id


class Uploaded(Contract, frozen=True):
    service: ClassVar[str] = "assets"
    account_id: Id
    photo_id: Id
    size: Fact[int]


class UploadedView(Foreign, frozen=True):
    source: ClassVar[str] = "nexoraz.assets.uploaded.v1"
    account_id: str
    photo_id: str


REGISTRY = Registry.of([PhotoUploaded, PhotoSeen])


def translate(event: Event, _: Recorded) -> Contract | None:
    return Uploaded(event.account_id, event.photo_id, event.size) if isinstance(event, PhotoUploaded) else None


def silent(_event: Event, _recorded: Recorded) -> None:
    return None


class Service:
    """One service with the kernel's tables in a database of its own."""

    def __init__(self, name: str, dsn: str, nats_settings: NatsSettings) -> None:
        self.name = name
        self.dsn = dsn
        self.nats = nats_settings
        self.engine: Engine = create_engine(self.dsn.replace("postgresql://", "postgresql+psycopg://", 1))
        with self.engine.begin() as connection:
            if not inspect(connection).has_table("events"):
                op = Operations(MigrationContext.configure(connection))
                create_kernel_tables_v1(op)
                create_legal_holds_v2(op)
        self.store = SqlEventStore(self.engine, TABLES, REGISTRY, MemorySealer())

    def upload(self, account: str, count: int) -> None:
        with self.store.transaction() as tx:
            events = [PhotoUploaded(account, uuid4().hex, "a title", n) for n in range(count)]
            tx.append(Stream.of("photos", uuid4().hex, account), 0, events)

    def scalar(self, statement: str) -> Any:
        with self.engine.connect() as connection:
            return connection.exec_driver_sql(statement).scalar()


def quiet() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))


def wipe(parts: Parts) -> None:
    """No streams left."""

    async def purge() -> None:
        client = await nats.connect(parts.nats_url, user="operator", password=parts.password("operator"))
        for info in await client.jsm().streams_info():
            await client.jsm().delete_stream(info.config.name or "")
        await client.close()

    asyncio.run(purge())


def settings(parts: Parts, service: str) -> NatsSettings:
    return NatsSettings(url=parts.nats_url, user=service, password=parts.password(service))
