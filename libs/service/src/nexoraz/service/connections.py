"""The few statements of the chassis run on whatever connection the unit of work has: SQLAlchemy's or the driver's."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from sqlalchemy import Connection

AnyConnection = Connection | psycopg.Connection[Any]
AnyAsyncConnection = psycopg.AsyncConnection[Any]
Rows = Sequence[Sequence[Any]]


def run(conn: AnyConnection, statement: str, parameters: Mapping[str, Any]) -> Rows:
    """Execute a statement in the driver's own syntax (`%(name)s`) in the connection's current transaction."""
    if isinstance(conn, Connection):
        result = conn.exec_driver_sql(statement, dict(parameters))
        return result.fetchall() if result.returns_rows else []
    cursor = conn.cursor(row_factory=psycopg.rows.tuple_row)
    cursor.execute(statement.encode(), parameters)
    return cursor.fetchall() if cursor.description else []


async def run_async(conn: AnyAsyncConnection, statement: str, parameters: Mapping[str, Any]) -> Rows:
    """The same on the driver's asyncio connection, for worker processes."""
    cursor = conn.cursor(row_factory=psycopg.rows.tuple_row)
    await cursor.execute(statement.encode(), parameters)
    return await cursor.fetchall() if cursor.description else []
