"""What one legal hold names in a service, and the copies of it that outlive the account's keys.

A copy is the record as it was, opened, and sealed again under a key of the hold's own. Objects are copied in the
bucket, under the hold's name instead of the account's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Text, and_, cast, func, literal, not_, select

from nexoraz.events.classification import Personal
from nexoraz.events.columns import classify_column
from nexoraz.events.declarations import ObjectHolding, TableHolding, row_key
from nexoraz.events.holdings import Holdings, kept
from nexoraz.events.sealed_columns import open_column
from nexoraz.events.sql_store import recorded_of

HOLD_PURPOSE = "hold"


def account_of_hold(hold_id: str) -> str:
    """Whose key seals what a hold keeps: nobody's account, so that no erasure destroys it and no route asks for it."""
    return f"hold-{hold_id}"


@dataclass(frozen=True, slots=True)
class Copy:
    """One record. categories: what it says about a person. body: the record as JSON."""

    store: str
    record_id: str
    categories: Sequence[str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Copies:
    """hold: its row. A hold with a store names one record of it, one without names all of a category."""

    holdings: Holdings
    hold: Row[Any]

    @staticmethod
    def supports(holdings: Holdings, store: str, category: str) -> bool:
        """Whether a hold can name this: a store whose records stay until somebody removes them, or a category that at
        least one such store holds."""
        stores: list[TableHolding | ObjectHolding] = [h for h in holdings.tables if not h.transient]
        stores += [h for h in holdings.objects if h.exported]
        if store:
            return store == holdings.events.store or any(h.store == store for h in stores)
        types = holdings.events.registry.types()
        in_events = any(category == personal.category for t in types for personal in t.personal.values())
        return in_events or any(h.category == category for h in stores)

    def count(self, connection: Connection) -> int:
        """How many records there are now."""
        rows = sum(connection.execute(select(func.count()).select_from(h.table).where(self._own(h))).scalar_one()
                   for h in self._tables())  # fmt: skip
        events = select(func.count()).select_from(self.holdings.events.table).where(self._own_events())
        objects = sum(len(self._ids(h)) for h in self._objects())
        return int(rows + connection.execute(events).scalar_one() + objects)

    def of_rows(self, connection: Connection) -> Iterator[Copy]:
        """Rows, except those that a law leaves in their place anyway."""
        for holding in self._tables():
            goes = self._own(holding)
            if holding.retained is not None:
                goes = and_(goes, not_(kept(holding.retained)))
            query = select(holding.table, row_key(holding.table).label("row key")).where(goes)
            for row in connection.execute(query, {"at": self.holdings.store.clock()}).mappings().all():
                yield Copy(holding.store, row["row key"], [holding.category], self._opened(holding, dict(row)))

    def of_events(self, connection: Connection) -> Iterator[Copy]:
        events, store = self.holdings.events, self.holdings.store
        for row in connection.execute(select(events.table).where(self._own_events())).all():
            recorded = recorded_of(row, store.registry, self.holdings.vault)
            body = {"type": row.type, "stream": row.stream, "version": row.version, "occurred_at": row.occurred_at}
            raw = msgspec.json.encode(body | {"data": msgspec.to_builtins(recorded.event)})
            yield Copy(events.store, str(row.id), events.categories(row.type), raw)

    def copy_objects(self) -> list[Copy]:
        """Copy the objects; repeatable. Raises KeyDestroyed when the hold was released meanwhile."""
        copied = []
        for holding in self._objects():
            for object_id in self._ids(holding):
                account_id, objects, kind = self.hold.account_id, holding.objects, holding.kind
                size = objects.size(account_id, kind, object_id)
                chunks = objects.open_range(account_id, kind, object_id)
                info = objects.put_stream(account_of_hold(self.hold.hold_id), kind, object_id, chunks, size)
                body = msgspec.json.encode({"object": object_id, "size": info.size, "sha256": info.sha256})
                copied.append(Copy(holding.store, object_id, [holding.category], body))
        return copied

    def remove_objects(self) -> None:
        """Every version of the copies."""
        for holding in self.holdings.objects:
            holding.objects.delete_all_versions(f"{account_of_hold(self.hold.hold_id)}/")

    def _tables(self) -> list[TableHolding]:
        return [h for h in self.holdings.tables if not h.transient and self._names(h.store, h.category)]

    def _objects(self) -> list[ObjectHolding]:
        return [h for h in self.holdings.objects if h.exported and self._names(h.store, h.category)]

    def _names(self, store: str, category: str) -> bool:
        return bool(store == self.hold.store if self.hold.store else category == self.hold.category)

    def _own(self, holding: TableHolding) -> ColumnElement[bool]:
        own = holding.owned(self.hold.account_id)
        return and_(own, row_key(holding.table) == self.hold.record_id) if self.hold.store else own

    def _own_events(self) -> ColumnElement[bool]:
        events = self.holdings.events.table
        own = events.c.account_id == self.hold.account_id
        if self.hold.store:
            wanted = self.hold.store == self.holdings.events.store
            return and_(own, cast(events.c.id, Text) == self.hold.record_id) if wanted else literal(False)
        types = self.holdings.events.registry.types()
        named = [t.name for t in types if any(p.category == self.hold.category for p in t.personal.values())]
        return and_(own, func.split_part(events.c.type, ".v", 1).in_(named))

    def _ids(self, holding: ObjectHolding) -> list[str]:
        found = holding.objects.ids(self.hold.account_id, holding.kind)
        return [id_ for id_ in found if id_ == self.hold.record_id] if self.hold.store else found

    def _opened(self, holding: TableHolding, row: dict[str, Any]) -> bytes:
        key = row.pop("row key")
        plain = {str(name): value for name, value in row.items()}
        for column in holding.table.columns:
            if isinstance(classify_column(column), Personal):
                sealed = plain[column.name]
                plain[column.name] = open_column(self.holdings.vault, column, self.hold.account_id, key, sealed)
        return msgspec.json.encode(plain)
