"""What a service holds about an account: counted, erased, and counted again (declarations.py says where).

Rows go in the transaction that records how many went, so a crash can neither lose nor invent a count.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Connection,
    MetaData,
    Select,
    Text,
    and_,
    bindparam,
    delete,
    func,
    literal,
    not_,
    null,
    select,
    text,
    union_all,
)
from sqlalchemy.types import DateTime

from nexoraz.events.bucket_port import Deleted, Found
from nexoraz.events.declarations import (
    EventHolding,
    FileName,
    Holding,
    ObjectHolding,
    Retained,
    TableHolding,
    Unheld,
    Unlinked,
    as_is,
    check_covered,
    check_ruled,
    with_kernel,
)
from nexoraz.events.rules import KERNEL_RULES, Rule, by_name
from nexoraz.events.sql_store import SqlEventStore
from nexoraz.events.vault import Vault

__all__ = [
    "Counted",
    "Erased",
    "FileName",
    "Holdings",
    "ObjectHolding",
    "Retained",
    "TableHolding",
    "Unheld",
    "Unlinked",
    "as_is",
]


NO_TIME_LIMIT = text("SET LOCAL statement_timeout = 0")
"""For statements whose work grows with what an account holds; the rest of a service keeps its limit."""


class Counted(msgspec.Struct, frozen=True):
    """How much there is of a category in a store. retained: how much of it a law keeps, on what basis, until when."""

    category: str
    store: str
    found: int
    retained: int = 0
    basis: str = ""
    until: str = ""


class Erased(msgspec.Struct, frozen=True):
    """How much of a category an erasure removed from a store."""

    category: str
    store: str
    count: int


class Holdings:
    """The holdings of one service. Raises Unheld, Unclassified or Unruled when made, so before anything is served.

    rules: the service's own retention rules, beside the kernel's.
    """

    def __init__(
        self,
        service: str,
        store: SqlEventStore,
        metadata: MetaData,
        vault: Vault,
        declared: Sequence[Holding],
        rules: Sequence[Rule] = (),
    ) -> None:
        self.service = service
        self.store = store
        self.metadata = metadata
        self.vault = vault
        self.declared = with_kernel(declared, store.tables, store.registry)
        self.rules = by_name([*KERNEL_RULES, *rules])
        check_covered(metadata, self.declared)
        check_ruled(self.declared, store.registry, self.rules)
        order = {table.name: n for n, table in enumerate(metadata.sorted_tables)}
        tables = [h for h in self.declared if isinstance(h, TableHolding) and not h.safe]
        self.tables = sorted(tables, key=lambda h: -order[h.table.name])
        self.objects = [h for h in self.declared if isinstance(h, ObjectHolding)]
        self.events = next(h for h in self.declared if isinstance(h, EventHolding))
        self.buckets = {id(h.objects.bucket): h.objects for h in self.objects}.values()
        self.searches: dict[frozenset[str], CompoundSelect[Any]] = {}
        self._inventory = union_all(*(_count(h) for h in self.tables), self._count_events())

    def inventory(self, connection: Connection, account_id: str) -> list[Counted]:
        """What tables and events hold of the account, in one statement; tables with nothing are listed too."""
        rows = connection.execute(self._inventory, {"account": account_id, "at": self.store.clock()}).all()
        tables = {row.store: row for row in rows if not row.type}
        events = [(row.type, row.found) for row in rows if row.type]
        held = [_counted(h, tables[h.store]) for h in self.tables]
        return held + [Counted(e.category, e.store, e.count) for e in self._by_category(events)]

    def objects_inventory(self, account_id: str, listed: Iterable[Found] | None = None) -> list[Counted]:
        """What the buckets hold of the account: every name with any version, marker or unfinished upload. `listed` are
        the buckets' own listings of the account, if they are at hand."""
        found = self.listing(account_id) if listed is None else listed
        kinds = Counter(name.split("/")[1] for name in {entry.name for entry in found})
        return [Counted(h.category, h.store, kinds[h.kind.name]) for h in self.objects]

    def listing(self, account_id: str) -> list[Found]:
        """Everything under the account's prefix in every bucket, of kinds that nobody declares too."""
        return [entry for objects in self.buckets for entry in objects.bucket.found(f"{account_id}/")]

    def everything(self, account_id: str, listed: Iterable[Found] | None = None) -> list[Counted]:
        """Both inventories, on a connection of its own."""
        with self.store.engine.connect() as connection:
            held = self.inventory(connection, account_id)
        return held + self.objects_inventory(account_id, listed)

    def erase_rows(self, connection: Connection, account_id: str) -> list[Erased]:
        """Delete what no law keeps, children before parents; belongs into the transaction that records the answer."""
        connection.execute(NO_TIME_LIMIT)
        gone = [self._erase_table(connection, h, account_id) for h in self.tables]
        deleted = delete(self.events.table).where(self.events.table.c.account_id == account_id)
        types = deleted.returning(self.events.table.c.type).cte("gone")
        counts = connection.execute(select(types.c.type, func.count()).group_by(types.c.type)).all()
        return gone + self._by_category([(type_, count) for type_, count in counts])

    def erase_objects(self, account_id: str) -> Deleted:
        """Remove every version, marker and unfinished upload of the account from every bucket."""
        total = Deleted()
        for objects in self.buckets:
            gone = objects.delete_all_versions(f"{account_id}/")
            total = Deleted(
                total.objects + gone.objects,
                total.versions + gone.versions,
                total.markers + gone.markers,
                total.uploads + gone.uploads,
            )
        return total

    def is_transient(self, store: str) -> bool:
        """Whether finding none of what was counted proves nothing."""
        return any(h.store == store and h.transient for h in self.tables)

    def _count_events(self) -> Select[Any]:
        events = self.events.table
        return (
            select(literal("events").label("store"), events.c.type, func.count().label("found"), *_NOTHING_RETAINED)
            .where(events.c.account_id == ACCOUNT)
            .group_by(events.c.type)
        )

    def _by_category(self, counts: Iterable[tuple[str, int]]) -> list[Erased]:
        totals: dict[str, int] = {}
        for type_, count in counts:
            for category in self.events.categories(type_):
                totals[category] = totals.get(category, 0) + count
        return [Erased(category, self.events.store, count) for category, count in sorted(totals.items())]

    def _erase_table(self, connection: Connection, holding: TableHolding, account_id: str) -> Erased:
        condition = holding.owned(account_id)
        if holding.retained is not None:
            condition = and_(condition, not_(kept(holding.retained)))
        gone = connection.execute(delete(holding.table).where(condition), {"at": self.store.clock()})
        return Erased(holding.category, holding.store, gone.rowcount)


def kept(retained: Retained) -> ColumnElement[bool]:
    """The rows that may not go yet, at the moment given as AT. A row whose moment is unknown (null) is not kept."""
    now = func.coalesce(retained.until > AT, False)
    return now if retained.where is None else and_(func.coalesce(retained.where, False), now)


AT: BindParameter[datetime] = bindparam("at", type_=DateTime(timezone=True))
ACCOUNT: BindParameter[str] = bindparam("account", type_=Text)
"""In statements that are made once and serve every account at every time."""
_NOTHING_RETAINED = (literal(0).label("retained"), null().cast(DateTime(timezone=True)).label("until"))


def _count(holding: TableHolding) -> Select[Any]:
    columns: tuple[Any, ...] = _NOTHING_RETAINED
    if holding.retained is not None:
        keep = kept(holding.retained)
        until = func.max(holding.retained.until).filter(keep).cast(DateTime(timezone=True))
        columns = (func.count().filter(keep).label("retained"), until.label("until"))
    store, type_ = literal(holding.store).label("store"), literal("").label("type")
    counted = select(store, type_, func.count().label("found"), *columns)
    return counted.select_from(holding.table).where(holding.owned(ACCOUNT))


def _counted(holding: TableHolding, row: Any) -> Counted:
    if not row.retained or holding.retained is None:
        return Counted(holding.category, holding.store, row.found)
    return Counted(holding.category, holding.store, row.found, row.retained, holding.retained.basis, stamp(row.until))


def stamp(at: datetime | None) -> str:
    """ISO 8601 in UTC with a Z, or "" for none."""
    return "" if at is None else msgspec.json.encode(at).decode().strip('"')
