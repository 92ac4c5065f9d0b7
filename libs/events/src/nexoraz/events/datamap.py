"""The data map of a service: every table, column, event field and object kind with what it holds, as stable JSON.

It is generated from the declarations in the code, committed, announced to the coordinator, and compared in a test.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import MetaData, Table

from nexoraz.events.classification import Classification, Personal, Pseudonym
from nexoraz.events.columns import classify_column
from nexoraz.events.declarations import EventHolding, Holding, ObjectHolding, TableHolding, Unlinked, check_covered
from nexoraz.events.registry import Registry
from nexoraz.events.rules import Rule

Json = dict[str, Any]


def build(
    service: str, registry: Registry, metadata: MetaData, declared: Sequence[Holding], rules: Iterable[Rule]
) -> Json:
    """The map; `declared` and `rules` are those of `Holdings`. Raises Unclassified or Unheld."""
    check_covered(metadata, declared)
    tables = {h.table.name: h for h in declared if not isinstance(h, ObjectHolding)}
    kinds = sorted((h for h in declared if isinstance(h, ObjectHolding)), key=lambda h: h.kind.name)
    return {
        "service": service,
        "tables": {t.name: _table(t, tables.get(t.name)) for t in sorted(metadata.sorted_tables, key=lambda t: t.name)},
        "events": {t.name: {name: _class(c) for name, c in sorted(t.fields.items())} for t in registry.types()},
        "objects": {h.kind.name: _object(h) for h in kinds},
        "retention": {rule.name: _rule(rule) for rule in sorted(rules, key=lambda rule: rule.name)},
    }


def dump(data_map: Json) -> str:
    """The committed text: sorted, indented, with a newline at the end."""
    return json.dumps(data_map, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def digest(data_map: Json) -> str:
    """SHA-256 of the map, as hex; the same for equal maps."""
    return hashlib.sha256(json.dumps(data_map, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _table(table: Table, holding: TableHolding | EventHolding | Unlinked | None) -> Json:
    columns = {c.name: _class(classify_column(c)) for c in sorted(table.columns, key=lambda c: c.name)}
    return {"columns": columns, "holding": _holding(holding)}


def _holding(holding: TableHolding | EventHolding | Unlinked | None) -> Json | None:
    match holding:
        case None:
            return None
        case Unlinked():
            return {"unlinked": holding.reason, "retention": holding.retention}
        case EventHolding():
            return {"account_column": "account_id", "retention": holding.retention, "exported": True}
        case TableHolding():
            return _table_holding(holding)


def _table_holding(holding: TableHolding) -> Json:
    held: Json = {
        "account_column": holding.account_column,
        "category": holding.category,
        "purpose": holding.purpose,
        "retention": holding.retention,
        "exported": holding.present is not None,
    }
    if holding.present is None:
        held["not_exported_because"] = holding.reason
    if holding.withheld:
        held["withheld"] = dict(holding.withheld)
    if holding.retained is not None:
        held["retained"] = {"basis": holding.retained.basis, "until": str(holding.retained.until)}
    return held


def _rule(rule: Rule) -> Json:
    said = {"purpose": rule.purpose, "basis": rule.basis, "duration": rule.duration, "action": rule.action}
    return {**said, "ends": rule.ends if rule.ends != "work" else f"work: {rule.by}"}


def _object(holding: ObjectHolding) -> Json:
    return {**_class(holding.kind.declared), "retention": holding.retention, "exported": holding.exported}


def _class(declared: Classification) -> Json:
    match declared:
        case Personal(category, purpose, retention):
            return {"class": "personal", "category": category, "purpose": purpose, "retention": retention}
        case Pseudonym():
            return {"class": "pseudonymous"}
        case _:
            return {"class": "operational"}
