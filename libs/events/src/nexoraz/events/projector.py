"""Rebuilding a read model from the events, beside the live one, and swapping the contents in one transaction.

Projections are inline: they are written in the transaction that appends (sql_store.InlineProjection). A rebuild replays
the history into shadow tables while the service keeps serving, then waits for running writers, replays the last
few events and exchanges the rows. Events of erased accounts are left out, so a rebuild brings no one back; rows that
their erasure left because a law wants them kept stay as they are, for no event could bring them back either.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from sqlalchemy import Connection, Table, select

from nexoraz.events.append_function import APPEND_LOCK
from nexoraz.events.sql_store import InlineProjection, SqlEventStore, SqlTransaction, recorded_of

SHADOW = "rebuild"
BATCH = 1_000


class RebuildableProjection(InlineProjection, Protocol):
    """An inline projection that says which tables it alone writes. Its `apply` must not use the position."""

    @property
    def tables(self) -> Sequence[Table]: ...


Progress = Callable[[int, int], None]
"""Told (events replayed, highest position at the start)."""


def rebuild(store: SqlEventStore, projection: RebuildableProjection, progress: Progress = lambda *_: None) -> int:
    """Replace the projection's rows by a replay of all events; returns how many were replayed. Repeatable:
    a rebuild that died is begun again from nothing, and the live rows are untouched until the swap."""
    with store.engine.begin() as connection:
        _make_shadows(connection, projection)
        goal = connection.exec_driver_sql("SELECT coalesce(max(position), 0) FROM events").scalar_one()
    position, replayed = 0, 0
    while position < goal:
        with store.engine.begin() as connection:
            count, position = _replay(store, connection, projection, position, BATCH)
        replayed += count
        progress(replayed, goal)
        if not count:
            break
    with store.engine.begin() as connection:
        replayed += _swap(store, connection, projection, position)
    progress(replayed, goal)
    return replayed


def _make_shadows(connection: Connection, projection: RebuildableProjection) -> None:
    connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SHADOW}")
    for table in projection.tables:
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {SHADOW}.{table.name}")
        connection.exec_driver_sql(f"CREATE TABLE {SHADOW}.{table.name} (LIKE public.{table.name} INCLUDING ALL)")


def _replay(
    store: SqlEventStore, connection: Connection, projection: RebuildableProjection, after: int, limit: int | None
) -> tuple[int, int]:
    """Apply up to `limit` events after a position to the shadows; returns their count and the last position."""
    connection.exec_driver_sql(f"SET LOCAL search_path TO {SHADOW}, public")
    tx = SqlTransaction(store, connection)
    events, erased = store.tables.events, store.tables.erased_accounts
    living = events.c.account_id.not_in(select(erased.c.account_id))
    query = select(events).where(events.c.position > after, living).order_by(events.c.position).limit(limit)
    rows = connection.execute(query).all()
    for row in rows:
        projection.apply(tx, recorded_of(row, store.registry, store.sealer))
    return len(rows), (rows[-1].position if rows else after)


def _swap(store: SqlEventStore, connection: Connection, projection: RebuildableProjection, after: int) -> int:
    # Table locks first, as writers take them: they lock the rows of their projection, then append.
    names = ", ".join(f"public.{table.name}" for table in projection.tables)
    connection.exec_driver_sql(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({APPEND_LOCK})")
    count, _ = _replay(store, connection, projection, after, None)
    _carry_retained(connection, projection)
    connection.exec_driver_sql(f"TRUNCATE {names}")
    for table in projection.tables:
        connection.exec_driver_sql(
            f"INSERT INTO public.{table.name} SELECT * FROM {SHADOW}.{table.name}"  # noqa: S608 - names of our own tables
        )
        connection.exec_driver_sql(f"DROP TABLE {SHADOW}.{table.name}")
    return count


def _carry_retained(connection: Connection, projection: RebuildableProjection) -> None:
    """Copy the rows of erased accounts: what a law wants kept, or a running erasure is about to delete."""
    for table in projection.tables:
        if "account_id" in table.c:
            connection.exec_driver_sql(
                f"INSERT INTO {SHADOW}.{table.name} SELECT * FROM public.{table.name}"  # noqa: S608 - as above
                " WHERE account_id IN (SELECT account_id FROM erased_accounts)"
            )
