"""The hot statement of the store, past SQLAlchemy: its cost per statement is about twice the statement's own."""

import select
import struct
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

AppendRow = tuple[UUID, str, int, str, str, datetime, bytes, str, str]
COLUMNS = ("id", "stream", "version", "type", "account", "time", "body", "cause", "trace")

Driver = psycopg.Connection[Any]

_ELEMENTS = {"id": "uuid", "version": "int", "time": "timestamptz"}
_ARRAYS = ", ".join(f"${n}::{_ELEMENTS.get(name, 'text')}[]" for n, name in enumerate(COLUMNS, start=1))
_SINGLE = ", ".join(f"ARRAY[${n}::{_ELEMENTS.get(name, 'text')}]" for n, name in enumerate(COLUMNS, start=1))
_ONE = f"SELECT 1 FROM nexoraz_append({_SINGLE})".encode()  # noqa: S608 - constants
_MANY = f"SELECT ordinal FROM nexoraz_append({_ARRAYS})".encode()  # noqa: S608 - constants
_ALL = f"SELECT 1 / (count(*) = ${len(COLUMNS) + 1}::bigint)::int FROM nexoraz_append({_ARRAYS})".encode()  # noqa: S608 - constants
PREPARED = {b"nexoraz_append_one": _ONE, b"nexoraz_append_many": _MANY, b"nexoraz_append_all": _ALL}
"""What a KeptConnection needs for `append_one`, `append_many` and `append_all`."""

_BINARY = [Format.BINARY] * (len(COLUMNS) + 1)
_YEAR_2000 = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_OIDS = {"uuid": 2950, "int": 23, "timestamptz": 1184, "text": 25}
_HEADS = [struct.pack("!iiI", 1, 0, _OIDS[_ELEMENTS.get(name, "text")]) for name in COLUMNS]


def append_one(driver: Driver, row: AppendRow) -> bool:
    """Store one row, or return False. For a KeptConnection."""
    result = driver.pgconn.exec_prepared(b"nexoraz_append_one", _values(row), _BINARY[:-1])
    return _checked(result).ntuples == 1


def append_many(driver: Driver, rows: Sequence[AppendRow]) -> set[int]:
    """Store rows; returns which of them were stored, counting from 1. For a KeptConnection."""
    return _ordinals(driver.pgconn.exec_prepared(b"nexoraz_append_many", _columns(rows), _BINARY[:-1]))


def append_all(driver: Driver, rows: Sequence[AppendRow]) -> bool:
    """Store all rows or none, returning False: the statement fails as a whole (division by zero). For a
    KeptConnection."""
    parameters = [*_columns(rows), len(rows).to_bytes(8)]
    with suppress(psycopg.errors.DivisionByZero):
        _checked(driver.pgconn.exec_prepared(b"nexoraz_append_all", parameters, _BINARY))
        return True
    return False


def append_rows(driver: Driver, rows: Sequence[AppendRow]) -> set[int]:
    """`append_many` in a transaction, on any connection."""
    if driver.pgconn.transaction_status == TransactionStatus.IDLE:
        _checked(driver.pgconn.exec_(b"BEGIN"))
    return _ordinals(driver.pgconn.exec_params(_MANY, _columns(rows), None, _BINARY[:-1]))


def _values(row: AppendRow) -> list[Buffer]:
    """A row as PostgreSQL takes it in binary."""
    id_, stream, version, type_, account, at, body, cause, trace = row
    return [
        id_.bytes, stream.encode(), version.to_bytes(4), type_.encode(), account.encode(),
        ((at - _YEAR_2000) // _MICROSECOND).to_bytes(8, signed=True), body, cause.encode(), trace.encode(),
    ]  # fmt: skip


def _columns(rows: Sequence[AppendRow]) -> list[Buffer]:
    """Rows as one binary array for each column. By hand: the driver's own arrays take ten times as long."""
    size = struct.pack("!ii", len(rows), 1)
    columns = zip(*map(_values, rows), strict=True)
    return [_array(head + size, column) for head, column in zip(_HEADS, columns, strict=True)]


def _array(head: bytes, elements: Sequence[Buffer]) -> bytes:
    parts: list[Buffer] = [head]
    for element in elements:
        parts += (len(element).to_bytes(4), element)
    return b"".join(parts)


def _ordinals(result: PGresult) -> set[int]:
    _checked(result)
    return {int(result.get_value(n, 0) or b"") for n in range(result.ntuples)}


def _checked(result: PGresult) -> PGresult:
    if result.status not in {ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK}:
        raise psycopg.errors.error_from_result(result)
    return result


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
