"""A service notices that its databases are not those in which its last erasure began."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, text

from libs.events.tests.conftest import migrate_kernel, sqlalchemy_url
from nexoraz.events.incarnation import RestoreGuard
from nexoraz.local.testing.fixtures import NewMigratedDatabase

pytestmark = pytest.mark.real
EVENT = (
    "INSERT INTO events (id, stream, version, type, account_id, occurred_at, data)"
    " VALUES (:id, :id, 1, 'noted.v1', '', :at, '{}')"
)
YESTERDAY = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def vault(database: Callable[[], str]) -> Engine:
    return create_engine(sqlalchemy_url(database()))


@pytest.fixture
def guard(kernel_database: Engine, vault: Engine, tmp_path: Path) -> RestoreGuard:
    return RestoreGuard(kernel_database, vault, tmp_path)


def append(engine: Engine, count: int) -> None:
    with engine.begin() as connection:
        for _ in range(count):
            connection.execute(text(EVENT), {"id": uuid4(), "at": YESTERDAY})


def test_a_service_that_never_erased_is_open(guard: RestoreGuard) -> None:
    assert guard.reason() == "" and guard.may_serve()


def test_the_same_databases_are_open_however_much_was_written_since(
    guard: RestoreGuard, kernel_database: Engine
) -> None:
    append(kernel_database, 3)
    guard.remember(3)
    append(kernel_database, 2)
    assert guard.reason() == ""


def test_a_database_made_from_a_dump_is_closed(
    guard: RestoreGuard, vault: Engine, tmp_path: Path, migrated_database: NewMigratedDatabase
) -> None:
    guard.remember(0)
    other = create_engine(sqlalchemy_url(migrated_database("kernel", migrate_kernel)))
    restored = RestoreGuard(other, vault, tmp_path)
    assert restored.reason() == "the database is another one than before" and not restored.may_serve()
    other.dispose()


def test_a_database_set_back_in_its_place_is_closed(guard: RestoreGuard, kernel_database: Engine) -> None:
    append(kernel_database, 1)
    guard.remember(2)
    assert guard.reason() == "the database is older than an erasure that began in it"


def test_a_vault_made_from_a_dump_is_closed(
    guard: RestoreGuard, kernel_database: Engine, tmp_path: Path, database: Callable[[], str]
) -> None:
    guard.remember(0)
    other = create_engine(sqlalchemy_url(database()))
    assert RestoreGuard(kernel_database, other, tmp_path).reason() == "the vault is another one than before"


def test_what_is_closed_stays_closed_until_it_is_reopened(guard: RestoreGuard, kernel_database: Engine) -> None:
    append(kernel_database, 1)
    closed = guard.close("a reason")
    assert closed.as_of == YESTERDAY
    assert guard.close("another").restore_id == closed.restore_id
    append(kernel_database, 5)
    assert guard.reason() == "a reason"
    guard.reopen()
    assert guard.reason() == "" and guard.may_serve()


def test_a_database_that_is_away_closes_nobody_who_was_open(
    kernel_database: Engine, vault: Engine, tmp_path: Path
) -> None:
    now = [0.0]
    away = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    RestoreGuard(kernel_database, vault, tmp_path).remember(0)
    known = RestoreGuard(kernel_database, vault, tmp_path, clock=lambda: now[0])
    assert known.may_serve()
    known._engine, now[0] = away, 10.0
    assert known.may_serve()
    with pytest.raises(Exception, match="onnect"):
        RestoreGuard(away, vault, tmp_path).may_serve()
