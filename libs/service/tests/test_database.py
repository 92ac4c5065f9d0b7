import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, Text, Uuid, create_engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from nexoraz.service import database
from nexoraz.service.database import driver_url, make_engine, ping
from nexoraz.service.migrate import SchemaDrift, assert_no_drift, chassis_metadata, migrate
from nexoraz.service.settings import Secret

MIGRATIONS = Path(__file__).parent / "migrations"
PERSONAL = "bob@example.org"


def gallery_metadata() -> MetaData:
    metadata = chassis_metadata()
    Table(
        "photos",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("account_id", String(64), nullable=False),
        Column("title", Text, nullable=False, unique=True),
        Column("version", Integer, nullable=False),
    )
    return metadata


def test_the_url_names_the_driver() -> None:
    assert driver_url(Secret("postgresql://u@h/d")) == "postgresql+psycopg://u@h/d"
    assert driver_url("postgres://u@h/d") == "postgresql+psycopg://u@h/d"
    assert driver_url("postgresql+psycopg://u@h/d") == "postgresql+psycopg://u@h/d"


def test_an_error_of_the_database_quotes_no_value(engine: Engine) -> None:
    insert = text("insert into photos values (gen_random_uuid(), 'a', :title, 1)")
    with engine.begin() as conn:
        conn.execute(insert, {"title": PERSONAL})
    with pytest.raises(IntegrityError) as raised, engine.begin() as conn:
        conn.execute(insert, {"title": PERSONAL})
    told = f"{raised.value} {raised.value!r} {raised.value.orig} {raised.value.__cause__!r}"
    assert "photos_title_key" in told
    assert PERSONAL not in told
    with pytest.raises(DBAPIError) as refused, engine.begin() as conn:
        conn.execute(text("select cast(:value as integer)"), {"value": PERSONAL})
    assert PERSONAL not in f"{refused.value} {refused.value.orig}"


def test_statements_locks_and_idle_transactions_end_in_time(engine: Engine) -> None:
    with engine.connect() as conn:
        shown = [conn.exec_driver_sql(f"show {name}").scalar_one() for name in ("statement_timeout", "lock_timeout")]
        idle = conn.exec_driver_sql("show idle_in_transaction_session_timeout").scalar_one()
    assert shown == ["2s", "500ms"]
    assert idle == "4s"


def test_nobody_waits_for_a_connection_longer_than_the_limit(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "POOL_WAIT", 0.2)
    engine = make_engine(dsn, pool_size=1)
    with engine.connect():
        started = time.monotonic()
        with pytest.raises(PoolExhausted):
            engine.connect()
        assert time.monotonic() - started < 1
    engine.dispose()


def test_a_connection_that_the_server_ended_is_replaced_unnoticed(engine: Engine, dsn: str) -> None:
    with engine.connect() as conn:
        pid = conn.exec_driver_sql("select pg_backend_pid()").scalar_one()
    killer = create_engine(driver_url(dsn))
    with killer.connect() as conn:
        conn.execute(text("select pg_terminate_backend(:pid)"), {"pid": pid})
    killer.dispose()
    time.sleep(0.1)
    with engine.connect() as conn:
        assert conn.exec_driver_sql("select pg_backend_pid()").scalar_one() != pid


def test_a_ping_asks_the_database(engine: Engine) -> None:
    assert ping(engine)() == 1
    with pytest.raises(DBAPIError):
        ping(make_engine("postgresql://nobody@127.0.0.1:9/none"))()


def test_the_migrations_make_the_tables_that_are_declared(engine: Engine) -> None:
    assert_no_drift(engine, gallery_metadata())


def test_a_table_or_column_that_no_migration_makes_is_a_drift(engine: Engine) -> None:
    metadata = gallery_metadata()
    metadata.tables["photos"].append_column(Column("forgotten", Text))
    with pytest.raises(SchemaDrift, match="forgotten"):
        assert_no_drift(engine, metadata)


def _migrate(dsn: str) -> None:
    migrate(dsn, MIGRATIONS)


def test_processes_that_start_at_once_migrate_once(database: Any) -> None:
    dsn = database()
    processes = [get_context("spawn").Process(target=_migrate, args=(dsn,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    engine = make_engine(dsn)
    assert_no_drift(engine, gallery_metadata())
    engine.dispose()
    migrate(Secret(dsn), MIGRATIONS)


def test_a_migration_that_fails_leaves_nothing_behind(database: Any, tmp_path: Path) -> None:
    versions = tmp_path / "versions"
    versions.mkdir()
    first = (MIGRATIONS / "versions" / "0001_gallery.py").read_text()
    last_step = "\n\n\ndef downgrade"
    (versions / "0001.py").write_text(first.replace(last_step, f"\n    op.execute('select nothing'){last_step}"))
    dsn = database()
    with pytest.raises(DBAPIError):
        migrate(dsn, tmp_path)
    engine = make_engine(dsn)
    with engine.connect() as conn:
        tables = conn.exec_driver_sql("select count(*) from pg_tables where schemaname = 'public'").scalar_one()
    engine.dispose()
    assert tables == 0
