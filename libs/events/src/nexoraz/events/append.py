"""The hot statement of the store, past SQLAlchemy: its cost per statement is about twice the statement's own."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine
from sqlalchemy.pool import PoolProxiedConnection

AppendRow = tuple[UUID, str, int, str, str, datetime, str, str, str]
"""id, stream, version, type, account, time, body, cause, trace."""

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


def driver_of(pooled: PoolProxiedConnection) -> Driver:
    """The driver's own connection."""
    driver = pooled.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver
