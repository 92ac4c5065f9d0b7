"""The fixtures that give tests their real parts keep what they promise."""

import asyncio
import io

import psycopg
import pytest
from nats.js.errors import NotFoundError

from nexoraz.local.testing.fixtures import NewDatabase, NewMigratedDatabase
from nexoraz.local.testing.real import Bucket, RealNats, RealPostgres

pytestmark = pytest.mark.real


def test_every_new_database_is_empty_and_its_own(database: NewDatabase) -> None:
    first, second = database(), database()
    with psycopg.connect(first) as one:
        one.execute("CREATE TABLE t (n int)")
    with psycopg.connect(second) as two:
        assert two.execute("SELECT to_regclass('t')").fetchone() == (None,)


def test_migrations_run_once_and_are_copied(migrated_database: NewMigratedDatabase) -> None:
    runs: list[str] = []

    def migrate(dsn: str) -> None:
        runs.append(dsn)
        with psycopg.connect(dsn) as connection:
            connection.execute("CREATE TABLE migrated (n int)")

    first, second = (migrated_database("fixtures-test", migrate) for _ in range(2))
    assert first != second
    assert len(runs) == 1
    for dsn in (first, second):
        with psycopg.connect(dsn) as connection:
            connection.execute("INSERT INTO migrated VALUES (1)")
            assert connection.execute("SELECT count(*) FROM migrated").fetchone() == (1,)


def test_a_crashed_server_comes_back_with_its_databases(postgres: RealPostgres, database: NewDatabase) -> None:
    dsn = database()
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
        connection.commit()
        connection.execute("CHECKPOINT")
    postgres.restart()
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (1,)


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_finds_a_bus_without_streams(nats: RealNats, turn: int) -> None:
    async def use() -> None:
        connection = await nats.connect("identity")
        jetstream = connection.jetstream()
        with pytest.raises(NotFoundError):
            await jetstream.stream_info("NEXORAZ_IDENTITY")
        await jetstream.add_stream(name="NEXORAZ_IDENTITY", subjects=["nexoraz.identity.*.*.*.*"])
        await jetstream.publish("nexoraz.identity.account-registered.v1.1.a", b"{}")
        await connection.close()

    asyncio.run(use())


def test_a_stopped_bus_keeps_what_it_acknowledged(nats: RealNats) -> None:
    async def publish() -> None:
        connection = await nats.connect("assets")
        await connection.jetstream().add_stream(name="NEXORAZ_ASSETS", subjects=["nexoraz.assets.*.*.*.*"])
        await connection.jetstream().publish("nexoraz.assets.photo-uploaded.v1.1.a", b"{}")
        await connection.close()

    async def count() -> int:
        connection = await nats.connect("assets")
        info = await connection.jetstream().stream_info("NEXORAZ_ASSETS")
        await connection.close()
        return info.state.messages

    asyncio.run(publish())
    nats.stop()
    nats.start()
    assert asyncio.run(count()) == 1


def test_a_bucket_keeps_versions(s3: Bucket) -> None:
    client = s3.client()
    versions = {client.put_object(s3.bucket, "k", io.BytesIO(body), 1).version_id for body in (b"1", b"2")}
    assert len(versions) == 2
    listed = {item.version_id for item in client.list_objects(s3.bucket, recursive=True, include_version=True)}
    assert listed == versions
