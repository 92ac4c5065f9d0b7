"""Where a service holds what about a person, declared once; inventory, erasure, scan, export and data map follow.

A table that has a personal or pseudonymous column and no declaration is refused when the service starts (Unheld).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, MetaData, Table

from nexoraz.events.classification import Operational
from nexoraz.events.columns import classify_column
from nexoraz.events.objects import ObjectKind, Objects
from nexoraz.events.registry import Registry
from nexoraz.events.schema import KernelTables

Present = Callable[[dict[str, Any]], dict[str, Any]]


def as_is(row: dict[str, Any]) -> dict[str, Any]:
    """Export every column."""
    return row


class Unheld(LookupError):
    """A table could hold something about a person, and no holding says what happens to it."""

    def __init__(self, table: str) -> None:
        super().__init__(f"table {table} has personal or pseudonymous columns and no holding: declare one, or Unlinked")
        self.table = table


@dataclass(frozen=True, slots=True)
class Retained:
    """Rows that an erasure leaves because a law asks for them.

    basis: the legal basis, as told to the person. until: a moment per row, as SQL over the table's columns; from then
    on the row is erased like any other. where: which rows this concerns; all when it is left out.
    """

    basis: str
    until: ColumnElement[Any]
    where: ColumnElement[bool] | None = None


@dataclass(frozen=True, slots=True)
class TableHolding:
    """Rows of a table that belong to an account.

    category: what a row says about a person, in the fideslang taxonomy; columns declare their own besides.
    present: makes what is exported of a row whose sealed columns were opened; None with a `reason`: not exported.
    withheld: personal columns that `present` leaves out, each with the reason; all others must be in what it makes.
    transient: rows that may go by themselves at any moment, so that finding none of those counted proves nothing.
    """

    table: Table
    category: str
    retention: str = "account-life"
    account_column: str = "account_id"
    purpose: str = "account"
    present: Present | None = as_is
    reason: str = ""
    withheld: Mapping[str, str] = field(default_factory=dict)
    retained: Retained | None = None
    transient: bool = False

    @property
    def store(self) -> str:
        return str(self.table.name)  # SQLAlchemy's names are a subclass that JSON encoders refuse

    def owned(self, account_id: str | ColumnElement[str]) -> ColumnElement[bool]:
        """The rows of an account."""
        return self.table.c[self.account_column] == account_id


@dataclass(frozen=True, slots=True)
class EventHolding:
    """The account's own events. They are counted and reported once per category that their type holds."""

    table: Table
    registry: Registry
    retention: str = "account-life"
    store: str = "events"

    def categories(self, type_: str) -> list[str]:
        """The categories of a stored type such as "photo-added.v1"; pseudonymous when it has no personal field."""
        name = type_.rpartition(".v")[0]
        entry = next((t for t in self.registry.types() if t.name == name), None)
        return sorted({p.category for p in entry.personal.values()} if entry else ()) or [PSEUDONYMOUS]


@dataclass(frozen=True, slots=True)
class FileName:
    """How an exported object is called and what it is."""

    name: str
    media_type: str


Describe = Callable[[Connection, str], Mapping[str, FileName]]


@dataclass(frozen=True, slots=True)
class ObjectHolding:
    """Objects of a kind in a bucket. `describe` names those to export by their ids; all as bytes without it."""

    objects: Objects
    kind: ObjectKind
    retention: str = "account-life"
    describe: Describe | None = None
    exported: bool = True
    reason: str = ""

    @property
    def store(self) -> str:
        return f"objects/{self.kind.name}"

    @property
    def category(self) -> str:
        return self.kind.declared.category


@dataclass(frozen=True, slots=True)
class Unlinked:
    """A table with pseudonyms that belong to no account, and why. The residue scan reads it unless told not to."""

    table: Table
    reason: str
    searched: bool = True


Holding = TableHolding | EventHolding | ObjectHolding | Unlinked
PSEUDONYMOUS = "user.unique_id.pseudonymous"


def with_kernel(declared: Sequence[Holding], tables: KernelTables, registry: Registry) -> list[Holding]:
    """A service's declarations together with those of the tables that the kernel keeps for it."""
    return [
        *declared,
        EventHolding(tables.events, registry),
        TableHolding(tables.tasks, PSEUDONYMOUS, present=None, reason="work in progress", transient=True),
        TableHolding(
            tables.dead_letters,
            PSEUDONYMOUS,
            account_column="key",
            present=None,
            reason="copies of messages that another service holds",
            transient=True,
        ),
        Unlinked(tables.erased_accounts, "the tombstone that keeps late events out", searched=False),
    ]


def check_covered(metadata: MetaData, declared: Sequence[Holding]) -> None:
    """Raises Unheld for a table that no declaration covers, and Unclassified for a column that declares nothing."""
    covered = {holding.table.name for holding in declared if not isinstance(holding, ObjectHolding)}
    for table in metadata.sorted_tables:
        classes = [classify_column(column) for column in table.columns]
        if table.name not in covered and not all(isinstance(c, Operational) for c in classes):
            raise Unheld(table.name)
