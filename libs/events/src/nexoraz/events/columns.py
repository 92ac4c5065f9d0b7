"""Table columns that say what they hold, in the words of `classification`.

Apart from it so that a domain can declare its events without importing a database library.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column
from sqlalchemy.types import LargeBinary, TypeEngine

from nexoraz.events.classification import (
    OPERATIONAL,
    PSEUDONYM,
    Classification,
    Operational,
    Personal,
    Pseudonym,
    Unclassified,
)

WORDS: Mapping[str, Classification] = {
    "pseudonym": PSEUDONYM,
    "operational": OPERATIONAL,
    "sealed": Personal("user.behavior", purpose="idempotency", retention="one-day"),
}
"""What the tables of the chassis mean by the words that they declare, since it knows no data map. It seals one thing:
answers that are kept for a day to be given again."""


def personal(name: str, declared: Personal, *, nullable: bool = False) -> Column[Any]:
    """A table column holding a sealed personal value (bytes from `Vault.seal`)."""
    return Column(name, LargeBinary, nullable=nullable, info={"data": declared})


def pseudonym(name: str, type_: TypeEngine[Any] | type[TypeEngine[Any]], *args: Any, **kw: Any) -> Column[Any]:
    """A table column holding an identifier or keyed hash without meaning outside this service."""
    return Column(name, type_, *args, info={"data": PSEUDONYM}, **kw)


def operational(name: str, type_: TypeEngine[Any] | type[TypeEngine[Any]], *args: Any, **kw: Any) -> Column[Any]:
    """A table column that says nothing about a person."""
    return Column(name, type_, *args, info={"data": OPERATIONAL}, **kw)


def classify_column(column: Column[Any]) -> Classification:
    """The declaration of a table column; raises Unclassified when it has none."""
    declared = column.info.get("data")
    if isinstance(declared, str):
        declared = WORDS.get(declared)
    if isinstance(declared, Personal | Pseudonym | Operational):
        return declared
    raise Unclassified(str(column.table.name), column.name)
