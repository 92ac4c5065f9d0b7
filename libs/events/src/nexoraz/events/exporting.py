"""An account's data as entries, read in one REPEATABLE READ snapshot so that nothing moves while it is read."""

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from nexoraz.events.classification import Personal
from nexoraz.events.columns import classify_column
from nexoraz.events.declarations import FileName, ObjectHolding, TableHolding
from nexoraz.events.event import Recorded
from nexoraz.events.export_parts import Entry, File, Group, Record
from nexoraz.events.holdings import Holdings
from nexoraz.events.objects import ObjectMissing
from nexoraz.events.sealed_columns import open_column
from nexoraz.events.sql_store import recorded_of

ROWS = 500
"""Rows held in memory at a time."""


def export(holdings: Holdings, account_id: str) -> Iterator[Entry]:
    """Everything that is declared as exported: tables, events, then objects. Raises KeyDestroyed when erased meanwhile.

    An object that a row names and the bucket no longer has appears as a record that says so.
    """
    engine = holdings.store.engine.execution_options(isolation_level="REPEATABLE READ")
    with engine.connect() as connection, connection.begin():
        for table in sorted((h for h in holdings.tables if h.present is not None), key=lambda h: h.store):
            yield Group(table.store, table.category, table.purpose, holdings.service)
            yield from _rows(holdings, connection, table, account_id)
        yield Group(holdings.events.store, "user", "account", holdings.service)
        yield from _events(holdings, connection, account_id)
        names = [(h, _names(h, connection, account_id)) for h in holdings.objects if h.exported]
    for holding, files in names:
        yield Group(holding.store, holding.category, holding.kind.declared.purpose, holdings.service)
        yield from _files(holding, account_id, files)


def _rows(holdings: Holdings, connection: Connection, holding: TableHolding, account_id: str) -> Iterator[Record]:
    assert holding.present is not None
    keys = list(holding.table.primary_key.columns)
    query = select(holding.table).where(holding.owned(account_id)).order_by(*keys)
    for row in connection.execution_options(yield_per=ROWS).execute(query).mappings():
        plain = {str(name): value for name, value in row.items()}
        row_key = "|".join(str(plain[column.name]) for column in keys)
        for column in holding.table.columns:
            if isinstance(classify_column(column), Personal):
                plain[column.name] = open_column(holdings.vault, column, account_id, row_key, plain[column.name])
        yield Record(holding.present(plain))


def _events(holdings: Holdings, connection: Connection, account_id: str) -> Iterator[Record]:
    store, events = holdings.store, holdings.events.table
    query = select(events).where(events.c.account_id == account_id).order_by(events.c.position)
    for row in connection.execution_options(yield_per=ROWS).execute(query):
        yield presented(recorded_of(row, store.registry, holdings.vault), row.type)


def presented(recorded: Recorded, type_: str) -> Record:
    """An event as it is exported: every field of it."""
    data: dict[str, Any] = msgspec.to_builtins(recorded.event)
    at, stream = recorded.occurred_at, recorded.stream.name
    return Record({"event": type_.rpartition(".v")[0], "occurred_at": at, "stream": stream, "data": data})


def _names(holding: ObjectHolding, connection: Connection, account_id: str) -> dict[str, FileName]:
    if holding.describe is not None:
        return dict(holding.describe(connection, account_id))
    ids = holding.objects.ids(account_id, holding.kind)
    return {object_id: FileName(object_id, "application/octet-stream") for object_id in ids}


def _files(holding: ObjectHolding, account_id: str, files: dict[str, FileName]) -> Iterator[Entry]:
    for object_id, file in sorted(files.items()):
        try:
            chunks = holding.objects.open_range(account_id, holding.kind, object_id)
        except ObjectMissing:
            yield Record({"file": file.name, "missing": True})
            continue
        yield File(file.name, file.media_type, chunks)
