"""Values that nobody entered, for every column and event field that a service declares: each says whose and which it
is, so that a test finds it again wherever it went."""

import enum
import types
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
from sqlalchemy import Column, insert
from sqlalchemy.dialects.postgresql import JSONB

from nexoraz.events.classification import Personal
from nexoraz.events.columns import classify_column
from nexoraz.events.event import Event
from nexoraz.events.holdings import Holdings, TableHolding
from nexoraz.events.registry import Registry
from nexoraz.events.sealed_columns import seal_column
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.events.vault import Vault

Overrides = Mapping[str, Callable[[str], Any]]
"""What a rule of the service asks of a value: "table.column" or "event.field" → a function of the account id."""
MOMENT = datetime.now(UTC).replace(microsecond=0)


def id_of(account_id: str) -> str:
    """The one id of everything that is made up for an account: rows, and the objects that rows name."""
    return str(uuid5(NAMESPACE_URL, account_id))


def marker(account_id: str, where: str) -> str:
    """A text that says whose it is and where it was put."""
    return f"{where} of {account_id}"


def fill_tables(tx: Transaction, holdings: Holdings, account_id: str, overrides: Overrides) -> None:
    """A row of the account in every table that the service declares as an account's."""
    declared = {h.table.name: h for h in holdings.tables}
    for table in holdings.metadata.sorted_tables:
        if table.name in declared:
            row = _row(declared[table.name], account_id, holdings.vault, overrides)
            connection_of(tx).execute(insert(table), [row])


def _row(holding: TableHolding, account_id: str, vault: Vault, overrides: Overrides) -> dict[str, Any]:
    columns = [c for c in holding.table.columns if c.identity is None]
    plain = {c.name: _value(c, holding, account_id, overrides) for c in columns}
    keys = [str(plain.get(c.name)) for c in holding.table.primary_key.columns]
    for column in columns:
        if isinstance(classify_column(column), Personal) and plain[column.name] is not None:
            value = plain[column.name]
            plain[column.name] = seal_column(vault, column, account_id, "|".join(keys), value)
    return plain


def _value(column: Column[Any], holding: TableHolding, account_id: str, overrides: Overrides) -> Any:  # noqa: PLR0911
    where = f"{column.table.name}.{column.name}"
    if where in overrides:
        return overrides[where](account_id)
    if column.name == holding.account_column:
        return account_id
    if isinstance(classify_column(column), Personal):
        return marker(account_id, where)
    if isinstance(column.type, JSONB):
        return {}
    match column.type.python_type.__name__:
        case "str":
            return id_of(account_id)
        case "bytes":
            return id_of(account_id).encode()
        case "bool":
            return True
        case "datetime":
            return MOMENT
        case "date":
            return MOMENT.date()
        case "UUID":
            return UUID(id_of(account_id))
        case _:
            return column.type.python_type(1)


def events_of(
    registry: Registry, account_id: str, mine: Callable[[type[Event]], bool], overrides: Overrides
) -> list[Event]:
    """One event of every registered type for which `mine` is true."""
    chosen = [each for each in registry.types() if mine(each.cls)]
    return [_event(each.cls, each.name, account_id, overrides) for each in chosen]


def _event(cls: type[Event], name: str, account_id: str, overrides: Overrides) -> Event:
    values = {}
    for field, hint in get_type_hints(cls, include_extras=True).items():
        where = f"{name}.{field}"
        if field == "account_id":
            values[field] = account_id
        elif field in cls.__struct_fields__:
            values[field] = overrides[where](account_id) if where in overrides else _of_type(hint, where, account_id)
    return cls(**values)


def _of_type(hint: Any, where: str, account_id: str) -> Any:  # noqa: PLR0911 - one return per kind of type
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        personal = any(isinstance(each, Personal) for each in arguments[1:])
        if arguments[0] is str and not personal:
            return id_of(account_id)
        return _of_type(arguments[0], where, account_id)
    if origin in (Union, types.UnionType):
        return _of_type(arguments[0], where, account_id)
    if origin is Literal:
        return arguments[0]
    if origin in (list, tuple):
        items = [_of_type(arguments[0], where, account_id)]
        return items if origin is list else tuple(items)
    if origin in (dict, Mapping):
        return {}
    return _plain(hint, where, account_id)


def _plain(hint: Any, where: str, account_id: str) -> Any:
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return next(iter(hint))
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        hints = get_type_hints(hint, include_extras=True)
        return hint(**{name: _of_type(hints[name], where, account_id) for name in hint.__struct_fields__})
    known: dict[Any, Any] = {str: marker(account_id, where), datetime: MOMENT, date: MOMENT.date(), bytes: b"1"}
    return known[hint] if hint in known else Decimal(1) if hint is Decimal else hint(1)
