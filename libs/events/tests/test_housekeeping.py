"""What has expired is removed in one place; one purge that fails keeps no other from its work."""

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from nexoraz.events.runtime import housekeeping

pytestmark = pytest.mark.real


def broken(connection: Connection) -> None:
    connection.exec_driver_sql("INSERT INTO erased_accounts VALUES ('half', now())")
    connection.exec_driver_sql("SELECT * FROM no_such_table")


def works(connection: Connection) -> None:
    connection.exec_driver_sql("INSERT INTO erased_accounts VALUES ('done', now())")


def test_a_purge_that_fails_is_rolled_back_and_the_next_one_runs(kernel_database: Engine) -> None:
    housekeeping(kernel_database, [broken, works])()
    with kernel_database.connect() as connection:
        assert connection.exec_driver_sql("SELECT account_id FROM erased_accounts").scalars().all() == ["done"]


def test_a_lost_database_is_told_so_that_all_runs_again(kernel_database: Engine) -> None:
    def lost(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(OperationalError):
        housekeeping(kernel_database, [lost, works])()
