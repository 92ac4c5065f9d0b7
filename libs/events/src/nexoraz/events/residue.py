"""What is left of an account, looked for independently of what erased it.

Two ways, both driven by the data map: counting every declared holding again, and a raw search for the account's id in
every pseudonymous column of every table and in the bucket's listing. A column is searched through its index, or by
reading its table while that is small (SMALL_BYTES); `sweep` reads large tables too, once for all erased accounts.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    LargeBinary,
    Select,
    Table,
    Text,
    cast,
    func,
    literal,
    not_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID, array

from nexoraz.events.classification import Pseudonym
from nexoraz.events.columns import classify_column
from nexoraz.events.declarations import TableHolding, Unlinked
from nexoraz.events.holdings import ACCOUNT, NO_TIME_LIMIT, Holdings, kept

SMALL_BYTES = 1024 * 1024
"""Tables up to this size are read whole by the scan of one account; about a millisecond each. It bounds what the number
of accounts adds to the cost of an erasure."""
UUID_LENGTH = 36
PROTOCOL_TASKS = ("erase", "scan", "residue")
"""The tasks that search and erase know whom they are about."""


class Residue(msgspec.Struct, frozen=True):
    """What was found in a store, and how much of it a law keeps."""

    store: str
    found: int
    retained: int = 0


def scan(holdings: Holdings, account_id: str) -> list[Residue]:
    """One line per store that was looked at, also when it holds nothing. Costs the account's data, not the table's."""
    listed = holdings.listing(account_id)
    with holdings.store.engine.connect() as connection:
        counted = holdings.inventory(connection, account_id)
        raw = _search_tables(holdings, connection, account_id)
    counted += holdings.objects_inventory(account_id, listed)
    held = [line for line in counted if line.store != holdings.events.store]  # events: by their account column
    declared = [Residue(line.store, line.found, line.retained) for line in held]
    return declared + raw + [Residue("objects (listing)", len(listed)) for _ in list(holdings.buckets)[:1]]


def residue_of(lines: list[Residue]) -> int:
    """What must not be there."""
    return sum(line.found - line.retained for line in lines)


def sweep(holdings: Holdings) -> list[tuple[str, Residue]]:
    """(account id, residue) of all accounts whose erasure is complete, in one pass over every table whatever its size.

    Finds ids that stand alone or end a value, such as in a stream's name. For a periodic job.
    """
    found: list[tuple[str, Residue]] = []
    with holdings.store.engine.connect() as connection:
        connection.execute(NO_TIME_LIMIT)
        for holding, table in _searched(holdings):
            for column in _text_columns(table, holding, counted_too=True):
                found += _swept(holdings, connection, column, holding)
    return found


def _searched(holdings: Holdings) -> Iterator[tuple[TableHolding | Unlinked | None, Table]]:
    by_table: dict[str, TableHolding | Unlinked] = {
        h.table.name: h for h in holdings.declared if isinstance(h, TableHolding | Unlinked)
    }
    for table in sorted(holdings.metadata.sorted_tables, key=lambda t: t.name):
        holding = by_table.get(table.name)
        if not (isinstance(holding, Unlinked) and not holding.searched):
            yield holding, table


def _text_columns(
    table: Table, holding: TableHolding | Unlinked | None, counted_too: bool = False
) -> list[Column[Any]]:
    """Pseudonymous columns that could hold an id, except the one by which the holding itself was counted."""
    by_account = isinstance(holding, TableHolding) and not holding.safe and not counted_too
    counted = holding.account_column if by_account and isinstance(holding, TableHolding) else ""
    return [
        column
        for column in table.columns
        if isinstance(classify_column(column), Pseudonym)
        and not isinstance(column.type, LargeBinary)
        and column.name != counted
    ]


def _search_tables(holdings: Holdings, connection: Connection, account_id: str) -> list[Residue]:
    small = _small_tables(holdings, connection)
    if small not in holdings.searches:
        holdings.searches[small] = union_all(*_searches(holdings, small))
    rows = connection.execute(holdings.searches[small], {"account": account_id, "at": holdings.store.clock()}).all()
    return [Residue(f"{store} (search)", found, kept_by_law) for store, found, kept_by_law in rows]


def _searches(holdings: Holdings, small: frozenset[str]) -> Iterator[Select[str, int, int]]:
    for holding, table in _searched(holdings):
        columns = _text_columns(table, holding)
        if table.name in small and columns:
            yield _read_whole(holdings, table, columns, holding)
        elif table.name not in small:
            for column in filter(_indexed, columns):
                yield _by_index(holdings, column, holding)


def _read_whole(
    holdings: Holdings, table: Table, columns: list[Column[Any]], holding: TableHolding | Unlinked | None
) -> Select[str, int, int]:
    """One pass for all columns, a line for each."""
    within = [func.strpos(cast(column, Text), ACCOUNT) > 0 for column in columns]
    found = [func.count().filter(match) for match in within]
    keep = [func.count().filter(match, _keep(holdings, holding)) for match in within]
    counted = select(
        func.unnest(array([literal(f"{table.name}.{column.name}") for column in columns])).label("store"),
        func.unnest(array(found)).label("found"),
        func.unnest(array(keep)).label("kept"),
    )
    return counted.select_from(table).where(_foreign(holdings, table))


def _by_index(
    holdings: Holdings, column: Column[Any], holding: TableHolding | Unlinked | None
) -> Select[str, int, int]:
    counts = select(
        literal(f"{column.table.name}.{column.name}"), func.count(), func.count().filter(_keep(holdings, holding))
    )
    return counts.select_from(column.table).where(_foreign(holdings, column.table), column == ACCOUNT)


def _keep(holdings: Holdings, holding: TableHolding | Unlinked | None) -> ColumnElement[bool]:
    if isinstance(holding, TableHolding) and holding.safe:
        return holding.table.c.hold_id.in_(select(holdings.store.tables.legal_holds.c.hold_id))
    if isinstance(holding, TableHolding) and holding.retained is not None:
        return kept(holding.retained)
    return literal(False)


def _foreign(holdings: Holdings, table: FromClause) -> ColumnElement[bool]:
    """All rows, except the tasks of the protocol itself."""
    tasks = holdings.store.tables.tasks
    return not_(tasks.c.kind.in_(PROTOCOL_TASKS)) if table is tasks else literal(True)


def _small_tables(holdings: Holdings, connection: Connection) -> frozenset[str]:
    names = [table.name for table in holdings.metadata.sorted_tables]
    sizes = select(*(func.pg_relation_size(name) for name in names))
    rows = zip(names, connection.execute(sizes).one(), strict=True)
    return frozenset(name for name, size in rows if size <= SMALL_BYTES)


def _indexed(column: Column[Any]) -> bool:
    """Whether equality on the column is answered by an index. Ids are text; other types cannot equal one."""
    if isinstance(column.type, UUID | JSONB):
        return False
    leading = [list(index.columns)[:1] for index in column.table.indexes]
    constraints = [list(getattr(c, "columns", []))[:1] for c in column.table.constraints]
    return column.unique is True or [column] in leading or [column] in constraints


def _swept(
    holdings: Holdings, connection: Connection, column: Column[Any], holding: TableHolding | Unlinked | None
) -> list[tuple[str, Residue]]:
    erased = holdings.store.tables.erased_accounts
    match = func.right(cast(column, Text), UUID_LENGTH) == erased.c.account_id
    rows = connection.execute(
        select(erased.c.account_id, func.count(), func.count().filter(_keep(holdings, holding)))
        .select_from(column.table)
        .join(erased, match)
        .where(erased.c.completed_at.is_not(None), _foreign(holdings, column.table))
        .group_by(erased.c.account_id),
        {"at": holdings.store.clock()},
    )
    name = f"{column.table.name}.{column.name}"
    return [(account, Residue(name, found, keep)) for account, found, keep in rows]
