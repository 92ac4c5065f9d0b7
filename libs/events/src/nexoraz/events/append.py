"""The hot statement of the store, past SQLAlchemy: its cost per statement is about twice the statement's own."""

import select
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

import psycopg
from psycopg.pq import ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import Buffer, PGresult
from sqlalchemy import Engine
from sqlalchemy.pool import PoolProxiedConnection

AppendRow = tuple[UUID, str, int, str, str, datetime, str, str, str]
COLUMNS = ("id", "stream", "version", "type", "account", "time", "body", "cause", "trace")

Driver = psycopg.Connection[Any]

_ONE = (
    "SELECT ordinal, place FROM nexoraz_append(ARRAY[%b::uuid], ARRAY[%b::text], ARRAY[%b::int], ARRAY[%b::text],"
    " ARRAY[%b::text], ARRAY[%b::timestamptz], ARRAY[%b::text], ARRAY[%b::text], ARRAY[%b::text])"
)
_MANY = (
    "SELECT ordinal, place FROM nexoraz_append(%b::uuid[], %b::text[], %b::int[], %b::text[], %b::text[],"
    " %b::timestamptz[], %b::text[], %b::text[], %b::text[])"
)
_ALL = f"SELECT 1 / (count(*) = %b::bigint)::int FROM ({_MANY})"  # noqa: S608 - a constant


_NAME = b"nexoraz_append_one"
_LIBPQ = (
    b"SELECT place FROM nexoraz_append(ARRAY[$1::uuid], ARRAY[$2::text], ARRAY[$3::int], ARRAY[$4::text],"
    b" ARRAY[$5::text], ARRAY[$6::timestamptz], ARRAY[$7::text], ARRAY[$8::text], ARRAY[$9::text])"
)
PREPARED = {_NAME: _LIBPQ}
"""What a KeptConnection needs for `append_one`."""
_BINARY = [Format.BINARY] * len(COLUMNS)
_YEAR_2000 = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def append_one(driver: Driver, row: AppendRow) -> bool:
    """Store one row, or return False. On libpq itself: the usual append, in half the time. For a KeptConnection."""
    id_, stream, version, type_, account, at, body, cause, trace = row
    parameters: list[Buffer] = [
        id_.bytes, stream.encode(), version.to_bytes(4), type_.encode(), account.encode(),
        ((at - _YEAR_2000) // _MICROSECOND).to_bytes(8, signed=True), body.encode(), cause.encode(), trace.encode(),
    ]  # fmt: skip
    result = driver.pgconn.exec_prepared(_NAME, parameters, _BINARY)
    return _checked(result).ntuples == 1


def _checked(result: PGresult) -> PGresult:
    if result.status not in {ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK}:
        raise psycopg.errors.error_from_result(result)
    return result


def append_rows(driver: Driver, rows: Sequence[AppendRow]) -> set[int]:
    """Store rows; returns which of them were stored, counting from 1."""
    if len(rows) == 1:
        return {ordinal for ordinal, _ in driver.execute(_ONE, rows[0], prepare=True)}
    return {ordinal for ordinal, _ in driver.execute(_MANY, _columns(rows), prepare=True)}


def append_all(driver: Driver, rows: Sequence[AppendRow]) -> bool:
    """Store all rows or, returning False, none. Needs autocommit: the statement fails as a whole (division by zero)."""
    with suppress(psycopg.errors.DivisionByZero):
        driver.execute(_ALL, [len(rows), *_columns(rows)], prepare=True)
        return True
    return False


def _columns(rows: Sequence[AppendRow]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


class Autocommit:
    """A pooled connection on which each statement is a transaction of its own: one round trip instead of three."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._pooled: PoolProxiedConnection

    def __enter__(self) -> Driver:
        self._pooled = self._engine.raw_connection()
        driver = driver_of(self._pooled)
        driver.autocommit = True
        return driver

    def __exit__(self, *_: object) -> None:
        driver = driver_of(self._pooled)
        if driver.info.transaction_status is TransactionStatus.IDLE:
            driver.autocommit = False
        else:  # the connection was lost, or a statement was interrupted
            self._pooled.invalidate()
        self._pooled.close()


class KeptConnection:
    """One connection in autocommit, made as the engine makes them and then kept beside its pool. For one thread at a
    time. After a roll-back psycopg forgets what was prepared, so a pooled connection would not do.

    prepared: statements for libpq by their names.
    """

    def __init__(self, engine: Engine, prepared: Mapping[bytes, bytes] = MappingProxyType({})) -> None:
        self._engine = engine
        self._prepared = prepared
        self._driver: Driver | None = None

    def driver(self) -> Driver:
        """The connection; another one when the server hung up meanwhile, before anything is sent."""
        if self._driver is not None and self._hung_up(self._driver):
            self.drop()
        if self._driver is None:
            self._driver = self._connect()
        return self._driver

    def drop(self) -> None:
        """Close it: nobody knows in which state it is."""
        if self._driver is not None:
            self._driver.close()
            self._driver = None

    def _connect(self) -> Driver:
        pooled = self._engine.raw_connection()
        driver = driver_of(pooled)
        pooled.detach()
        driver.rollback()
        driver.autocommit = True
        for name, statement in self._prepared.items():
            _checked(driver.pgconn.prepare(name, statement))
        return driver

    @staticmethod
    def _hung_up(driver: Driver) -> bool:
        if driver.closed:
            return True
        look = select.poll()
        look.register(driver.fileno(), select.POLLIN)
        return bool(look.poll(0))


def driver_of(pooled: PoolProxiedConnection) -> Driver:
    """The driver's own connection."""
    driver = pooled.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver
