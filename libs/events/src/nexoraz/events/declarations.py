"""Where a service holds what about a person, declared once; inventory, erasure, scan, export and data map follow.

A table that has a personal or pseudonymous column and no declaration is refused when the service starts (Unheld).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, MetaData, Table, Text, cast, func

from nexoraz.events.classification import Operational, Personal
from nexoraz.events.columns import classify_column
from nexoraz.events.objects import ObjectKind, Objects
from nexoraz.events.registry import Registry
from nexoraz.events.rules import UNDECIDED_DAYS, Rule, Term, Unruled
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
    retention: the name of a rule (rules.py); `term` says when a row's time is over where the rule ends by a term. Rows
    that a law keeps (`retained`) have their term from it.
    transient: rows that may go by themselves at any moment, so that finding none of those counted proves nothing.
    safe: rows of legal holds (legal_holds.py), which alone puts them there and removes them.
    """

    table: Table
    category: str
    retention: str = "account-life"
    term: Term | None = None
    account_column: str = "account_id"
    purpose: str = "account"
    present: Present | None = as_is
    reason: str = ""
    withheld: Mapping[str, str] = field(default_factory=dict)
    retained: Retained | None = None
    transient: bool = False
    safe: bool = False

    @property
    def store(self) -> str:
        return str(self.table.name)  # SQLAlchemy's names are a subclass that JSON encoders refuse

    @property
    def ends(self) -> Term | None:
        """When a row's time is over, whether a law kept it until then or its purpose."""
        if self.term is None and self.retained is not None:
            return Term(self.retained.until, where=self.retained.where)
        return self.term

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
    retention: str = "proof"
    term: Term | None = None

    @property
    def store(self) -> str:
        return str(self.table.name)

    @property
    def ends(self) -> Term | None:
        return self.term


def row_key(table: Table) -> ColumnElement[str]:
    """What names a row: its primary key as text, several columns joined by "|", as sealed_columns.py has it."""
    return func.concat_ws("|", *(cast(column, Text) for column in table.primary_key.columns))


Holding = TableHolding | EventHolding | ObjectHolding | Unlinked
PSEUDONYMOUS = "user.unique_id.pseudonymous"


def with_kernel(declared: Sequence[Holding], tables: KernelTables, registry: Registry) -> list[Holding]:
    """A service's declarations together with those of the tables that the kernel keeps for it."""
    return [
        *declared,
        EventHolding(tables.events, registry),
        TableHolding(
            tables.tasks,
            PSEUDONYMOUS,
            retention="until-done",
            present=None,
            reason="work in progress",
            transient=True,
        ),
        TableHolding(
            tables.dead_letters,
            PSEUDONYMOUS,
            retention="undecided",
            term=Term(
                tables.dead_letters.c.parked_at,
                timedelta(days=UNDECIDED_DAYS),
                where=func.octet_length(tables.dead_letters.c.payload) > 0,
                becomes={"payload": b"", "headers": {}},
            ),
            account_column="key",
            present=None,
            reason="copies of messages that another service holds",
            transient=True,
        ),
        TableHolding(
            tables.legal_holds, PSEUDONYMOUS, "legal-hold", present=None, reason="privacy tells of holds", safe=True
        ),
        TableHolding(
            tables.held_records, "user", "legal-hold", present=None, reason="privacy tells of holds", safe=True
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


def check_ruled(declared: Sequence[Holding], registry: Registry, rules: Mapping[str, Rule]) -> None:
    """Raises Unruled for what is kept under a rule that nobody declares, or that nothing could apply to it."""
    for holding in declared:
        _check_holding(holding, rules)
        if not isinstance(holding, ObjectHolding):
            for column in holding.table.columns:
                if isinstance(declared_class := classify_column(column), Personal):
                    _named(f"{holding.store}.{column.name}", declared_class.retention, rules)
    for type_ in registry.types():
        for name, personal in type_.personal.items():
            rule = _named(f"{type_.name}.{name}", personal.retention, rules)
            if rule.ends == "term" and rule.after is None:
                raise Unruled(f"{type_.name}.{name}", rule.name, "says not how long after an event")


def _check_holding(holding: Holding, rules: Mapping[str, Rule]) -> None:
    rule = _named(holding.store, holding.retention, rules)
    ends = holding.ends if isinstance(holding, TableHolding | Unlinked) else None
    if rule.ends == "term" and ends is None:
        raise Unruled(holding.store, rule.name, "ends by a term, and nothing says when that is for a row")
    if rule.ends != "term" and ends is not None:
        raise Unruled(holding.store, rule.name, "does not end by a term, but its rows have one")
    if rule.ends == "account" and isinstance(holding, Unlinked):
        raise Unruled(holding.store, rule.name, "ends with an account, and this belongs to none")
    if ends is not None and bool(ends.becomes) != (rule.action == "pseudonymise"):
        raise Unruled(holding.store, rule.name, f"says {rule.action}, and its term does something else")


def _named(store: str, name: str, rules: Mapping[str, Rule]) -> Rule:
    if name not in rules:
        raise Unruled(store, name, "is not declared")
    return rules[name]
