"""Statements that are compiled once and run as the driver's prepared statements.

SQLAlchemy builds, looks up and unpacks a statement anew each time: for one row by its key that costs the process some
300 µs, several times what the database needs. What runs with every request is said once, at import, and goes down to
the driver; everything else stays with SQLAlchemy.
"""

from collections.abc import Sequence
from typing import Any

import psycopg
from sqlalchemy import Connection, Dialect
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.sql.expression import ClauseElement

from nexoraz.events.append import Driver, driver_of

_DIALECT: Dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]  # SQLAlchemy has no types here


class Prepared:
    """One statement with named parameters (`bindparam`). Values are given as the driver takes them: JSON as `Jsonb`.

    It runs in the transaction of the connection, if there is one. Raises the driver's error, without the text that the
    database sent: it may quote a value.
    """

    def __init__(self, statement: ClauseElement, columns: Sequence[str] = ()) -> None:
        """columns: the parameters of an INSERT or UPDATE that names none itself."""
        self._text = str(statement.compile(dialect=_DIALECT, column_keys=columns or None)).encode()

    def run(self, connection: Connection | Driver, **values: Any) -> None:
        """Execute it for its effect."""
        self._execute(connection, values)

    def first(self, connection: Connection | Driver, **values: Any) -> tuple[Any, ...] | None:
        """The first row of the answer, its columns in the order of the statement."""
        return self._execute(connection, values).fetchone()

    def _execute(self, connection: Connection | Driver, values: dict[str, Any]) -> "psycopg.Cursor[tuple[Any, ...]]":
        driver = driver_of(connection.connection) if isinstance(connection, Connection) else connection
        try:
            return driver.execute(self._text, values, prepare=True)
        except psycopg.Error as error:
            if error.sqlstate is not None:
                error.args = (f"{type(error).__name__} {error.sqlstate}",)
            raise
