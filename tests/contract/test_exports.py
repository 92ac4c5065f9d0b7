"""What a data map says is exported is in the export, field by field: whoever adds one and forgets it is told here."""

import dataclasses
import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from nexoraz.events.declarations import TableHolding
from nexoraz.events.event import Event, Recorded, Stream
from nexoraz.events.exporting import presented
from nexoraz.privacy.adapters.archive_profile import SOURCES
from tests.contract.suite import SERVICES, Service, service

Json = dict[str, Any]
VALUES: dict[type, Any] = {
    str: "x",
    int: 1,
    bool: True,
    datetime: datetime(2026, 1, 1, tzinfo=UTC),
    dict: {},
    bytes: b"",
}


def data_map(of: Service) -> Json:
    """As it is committed."""
    found: Json = json.loads((of.root / "datamap.json").read_text(encoding="utf-8"))
    return found


def personal(fields: Json) -> list[str]:
    return [name for name, declared in fields.items() if declared["class"] == "personal"]


def missing_of_table(holding: TableHolding, fields: list[str]) -> list[str]:
    """The fields whose plaintext does not come out of a row."""
    row = {column.name: VALUES.get(column.type.python_type, "x") for column in holding.table.columns}
    row |= {name: f"canary-{name}" for name in fields}
    assert holding.present is not None
    text = json.dumps(holding.present(row), default=str)
    return [name for name in fields if f"canary-{name}" not in text]


@pytest.mark.parametrize("name", SERVICES)
def test_every_personal_column_is_exported_or_withheld_for_a_reason(name: str) -> None:
    of = service(name)
    holdings = {h.store: h for h in of.holdings.tables}
    for table, declared in data_map(of)["tables"].items():
        held = declared["holding"] or {}
        if "exported" not in held or table == of.holdings.events.store:
            continue
        if not held["exported"]:
            assert held["not_exported_because"], table
            continue
        withheld = held.get("withheld", {})
        assert all(withheld.values()) and set(withheld) <= set(personal(declared["columns"]))
        fields = [field for field in personal(declared["columns"]) if field not in withheld]
        assert missing_of_table(holdings[table], fields) == [], table


@pytest.mark.parametrize("name", SERVICES)
def test_every_personal_field_of_every_event_is_exported(name: str) -> None:
    of = service(name)
    types = {entry.name: entry.cls for entry in of.registry.types()}
    for event, declared in data_map(of)["events"].items():
        fields = personal(declared)
        values = dict.fromkeys(declared, None) | {field: f"canary-{field}" for field in fields}
        text = msgspec.json.encode(exported(types[event](**values), event)).decode()
        assert [field for field in fields if f"canary-{field}" not in text] == [], event


def exported(event: Event, name: str) -> Json:
    recorded = Recorded(1, uuid4(), Stream("s", "a"), 1, datetime.now(UTC), event)
    return presented(recorded, f"{name}.v1").data


@pytest.mark.parametrize("name", SERVICES)
def test_every_kind_of_object_is_exported_or_says_why_not(name: str) -> None:
    of = service(name)
    kinds = {h.kind.name: h for h in of.holdings.objects}
    for kind, declared in data_map(of)["objects"].items():
        assert kinds[kind].exported is declared["exported"]
        assert declared["exported"] or kinds[kind].reason


def test_a_field_that_is_forgotten_is_found() -> None:
    of = service("assets")
    [photos] = [h for h in of.holdings.tables if h.store == "photos"]
    forgetful = dataclasses.replace(photos, present=lambda row: {"id": row["id"]})
    assert missing_of_table(photos, ["title"]) == []
    assert missing_of_table(forgetful, ["title"]) == ["title"]


def test_what_the_page_of_an_archive_begins_with_exists() -> None:
    for (name, group, event), fields in SOURCES.items():
        declared = data_map(service(name))
        known = declared["events"][event] if event else declared["tables"][group]["columns"]
        assert set(fields) <= set(known)
