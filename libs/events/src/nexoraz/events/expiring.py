"""The statements of the retention job: which records of a store are past their term, and what becomes of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Delete,
    Select,
    Table,
    Text,
    Update,
    and_,
    cast,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)

from nexoraz.events.declarations import TableHolding, Unlinked, row_key
from nexoraz.events.registry import BLANK
from nexoraz.events.rules import Rule
from nexoraz.events.schema import KernelTables


@dataclass(frozen=True, slots=True)
class Expiring:
    """Records of one store under one rule. since and after: a record's time is over `after` its moment `since`.

    past: which are past their term. account: whose a record is, "" for nobody's. change: what is done to them; None
    when their whole account is to be erased.
    """

    rule: Rule
    store: str
    category: str
    table: Table
    since: ColumnElement[Any]
    after: timedelta
    past: ColumnElement[bool]
    account: ColumnElement[Any]
    change: Update | Delete | None

    @property
    def whole_account(self) -> bool:
        return self.change is None

    def count(self) -> Select[int, Any]:
        """How many are past their term, and the moment that their oldest had."""
        return select(func.count(), func.min(self.since)).select_from(self.table).where(self.past)

    def end(self, limit: int) -> Any:
        """Do it to up to `limit` of them, the oldest; gives whose each was. Others that do the same take other ones."""
        keys = list(self.table.primary_key.columns)
        if self.change is None:
            return self._some([self.account], limit)
        return self.change.where(tuple_(*keys).in_(self._some(keys, limit))).returning(self.account)

    def _some(self, columns: list[Any], limit: int) -> Select[Any]:
        some = select(*columns).select_from(self.table).where(self.past).order_by(self.since).limit(limit)
        return some.with_for_update(skip_locked=True)


def rows_of_table(tables: KernelTables, holding: TableHolding | Unlinked, rule: Rule, at: datetime) -> Expiring:
    """The rows of a table that has a term."""
    term = holding.ends
    assert term is not None
    table, category = holding.table, ""
    account: ColumnElement[Any] = literal("")
    past: list[ColumnElement[bool]] = [func.coalesce(term.since <= at - term.after, False)]
    if term.where is not None:
        past.append(func.coalesce(term.where, False))
    if isinstance(holding, TableHolding):
        category, account = holding.category, table.c[holding.account_column]
        past += [~_being_erased(tables, account), ~held_in_place(tables, holding)]
    change: Update | Delete | None = update(table).values(**term.becomes) if term.becomes else delete(table)
    if term.whole_account:
        change = None
        past.append(~_ever_erased(tables, account))
    return Expiring(rule, holding.store, category, table, term.since, term.after, and_(*past), account, change)


def fields_of_events(tables: KernelTables, type_: str, name: str, category: str, rule: Rule, at: datetime) -> Expiring:
    """One personal field of one type of event: its sealed value is taken out, and the event stays."""
    assert rule.after is not None
    events, value = tables.events, tables.events.c.data[name].astext
    past = and_(
        events.c.type == type_,
        events.c.occurred_at <= at - rule.after,
        value != BLANK,
        ~_held_event(tables, category),
        ~_being_erased(tables, events.c.account_id),
    )
    blanked = update(events).values(data=events.c.data.concat(func.jsonb_build_object(name, BLANK)))
    store = f"events/{type_}.{name}"
    return Expiring(rule, store, category, events, events.c.occurred_at, rule.after, past, events.c.account_id, blanked)


def held_in_place(tables: KernelTables, holding: TableHolding) -> ColumnElement[bool]:
    """Rows of the table that a legal hold names, or whose category it names."""
    holds = tables.legal_holds
    one = and_(holds.c.store == holding.store, holds.c.record_id == row_key(holding.table))
    every = and_(holds.c.store == "", holds.c.category == holding.category)
    return exists().where(holds.c.account_id == holding.table.c[holding.account_column], or_(one, every))


def _held_event(tables: KernelTables, category: str) -> ColumnElement[bool]:
    events, holds = tables.events, tables.legal_holds
    one = and_(holds.c.store == events.name, holds.c.record_id == cast(events.c.id, Text))
    every = and_(holds.c.store == "", holds.c.category == category)
    return exists().where(holds.c.account_id == events.c.account_id, or_(one, every))


def _ever_erased(tables: KernelTables, account: ColumnElement[Any]) -> ColumnElement[bool]:
    return exists().where(tables.erased_accounts.c.account_id == account)


def _being_erased(tables: KernelTables, account: ColumnElement[Any]) -> ColumnElement[bool]:
    erased = tables.erased_accounts
    return exists().where(erased.c.account_id == account, erased.c.completed_at.is_(None))
