"""How a personal table column is sealed: one rule, so that whoever knows the table can open it (export, rebuild)."""

from typing import Any

from sqlalchemy import Column

from nexoraz.events.classification import Personal
from nexoraz.events.columns import classify_column
from nexoraz.events.registry import Sealer


def seal_column(sealer: Sealer, column: Column[Any], account_id: str, row_key: str, value: str) -> bytes:
    """The bytes to store. `row_key` is the row's primary key as text, several columns joined by "|", in their order.

    Raises KeyDestroyed, and TypeError when the column is not declared personal.
    """
    return sealer.seal(account_id, _declared(column).purpose, value.encode(), _context(column, row_key))


def open_column(sealer: Sealer, column: Column[Any], account_id: str, row_key: str, sealed: bytes | None) -> str | None:
    """The reverse; None stays None. Raises KeyDestroyed or Tampered (also for a value moved to another row)."""
    if sealed is None:
        return None
    return sealer.open(account_id, _declared(column).purpose, bytes(sealed), _context(column, row_key)).decode()


def _declared(column: Column[Any]) -> Personal:
    declared = classify_column(column)
    if not isinstance(declared, Personal):
        raise TypeError(f"{column.table.name}.{column.name} is not personal")
    return declared


def _context(column: Column[Any], row_key: str) -> str:
    return f"{column.table.name}|{row_key}|{column.name}"
