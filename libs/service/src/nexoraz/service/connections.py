"""The few statements of the chassis run on whatever connection the unit of work has: SQLAlchemy's or the driver's."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from sqlalchemy import Connection

from nexoraz.service.database import withhold_values

AnyConnection = Connection | psycopg.Connection[Any]
AnyAsyncConnection = psycopg.AsyncConnection[Any]
Rows = Sequence[Sequence[Any]]


def run(conn: AnyConnection, statement: str, parameters: Mapping[str, Any]) -> Rows:
    """Execute a statement in the driver's own syntax (`%(name)s`) in the connection's current transaction.

    It goes past SQLAlchemy, which takes longer over it than the database does. Its errors quote no value.
    """
    driver = conn.connection.driver_connection if isinstance(conn, Connection) else conn
    assert isinstance(driver, psycopg.Connection)
    cursor = driver.cursor(row_factory=psycopg.rows.tuple_row)
    try:
        cursor.execute(statement.encode(), parameters, prepare=True)
    except psycopg.Error as error:
        withhold_values(error)
        raise
    return cursor.fetchall() if cursor.description else []


async def run_async(conn: AnyAsyncConnection, statement: str, parameters: Mapping[str, Any]) -> Rows:
    """The same on the driver's asyncio connection, for worker processes."""
    cursor = conn.cursor(row_factory=psycopg.rows.tuple_row)
    await cursor.execute(statement.encode(), parameters)
    return await cursor.fetchall() if cursor.description else []
