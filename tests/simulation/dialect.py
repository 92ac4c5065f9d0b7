"""SQLite as SQLAlchemy sees it: the services' tables and queries, written for PostgreSQL, compile for it unchanged.

Moments and spans are whole microseconds, so that they compare and add up; ids are dashed text, so that the residue
scan finds them as it does on PostgreSQL.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import types
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import now

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def moment(at: int) -> datetime:
    return EPOCH + at * MICROSECOND


class _Moment(types.DateTime):
    def bind_processor(self, dialect: Any) -> Any:
        return lambda value: None if value is None else micros(value)

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        return lambda value: None if value is None else moment(int(value))


class _Span(types.Interval):
    def bind_processor(self, dialect: Any) -> Any:
        return lambda value: None if value is None else value // MICROSECOND

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        return lambda value: None if value is None else value * MICROSECOND


class _Id(types.Uuid[Any]):
    def bind_processor(self, dialect: Any) -> Any:
        return lambda value: None if value is None else str(value)

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        return lambda value: None if value is None else (UUID(value) if self.as_uuid else value)


class Dialect(SQLiteDialect_pysqlite):
    """Isolation levels are names only: one step of the simulation runs at a time."""

    supports_statement_cache = True
    colspecs: ClassVar[Any] = {  # type: ignore[misc]
        **SQLiteDialect_pysqlite.colspecs,
        types.DateTime: _Moment,
        types.Interval: _Span,
        types.Uuid: _Id,
    }

    def get_isolation_level_values(self, dbapi_connection: Any) -> Any:
        return ["AUTOCOMMIT", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]

    def set_isolation_level(self, dbapi_connection: Any, level: Any) -> None:
        return None

    def get_isolation_level(self, dbapi_connection: Any) -> Any:
        return "READ COMMITTED"

    def on_connect(self) -> Any:
        return None


@compiles(JSONB, "sqlite")
def _json(*_: object, **__: object) -> str:
    return "JSON"


@compiles(types.BigInteger, "sqlite")
def _big(*_: object, **__: object) -> str:
    return "INTEGER"


@compiles(now, "sqlite")
def _now(*_: object, **__: object) -> str:
    return "now()"
