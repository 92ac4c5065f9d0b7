"""What is personal is declared everywhere and published nowhere."""

import json
import re
from typing import Annotated, Any, get_args, get_type_hints

import msgspec
import pytest
from sqlalchemy import Column, MetaData, Table, Text

from nexoraz.events import datamap
from nexoraz.events.asyncapi import DATA, schema_of
from nexoraz.events.classification import Fact, Id, Personal, Unclassified, classify_fields
from nexoraz.events.columns import classify_column, pseudonym
from nexoraz.events.contracts import Contract, PersonalOnTheBus
from nexoraz.events.declarations import EventHolding, ObjectHolding, TableHolding, Unheld, Unlinked, check_covered
from tests.contract.examples import EXAMPLES
from tests.contract.suite import SERVICES, committed_schemas, read, service, services

SCHEMAS = committed_schemas()
CONTRACTS = [contract for each in services() for contract in each.contracts]
ACCOUNT_COLUMNS = frozenset({"account_id", "subject", "key"})
TELLING = re.compile(r"e?mail|phone|address|birth|password|user_?agent|first_?name|last_?name|title|caption|file_?name")
LOOKS_PERSONAL = re.compile(r"[^\s@]+@[^\s@]+\.[a-z]{2,}|\b\d{1,3}(\.\d{1,3}){3}\b")


def test_a_contract_with_a_personal_field_is_refused() -> None:
    class Registered(Contract, frozen=True):
        service = "identity"
        account_id: Id
        email: Annotated[str, Personal("user.contact.email")]

    with pytest.raises(PersonalOnTheBus, match=r"Registered\.email"):
        schema_of(Registered)


def test_a_contract_with_a_field_that_says_nothing_is_refused() -> None:
    class Undeclared(Contract, frozen=True):
        service = "identity"
        account_id: str

    with pytest.raises(Unclassified):
        schema_of(Undeclared)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.type_name())
def test_no_contract_has_a_personal_field_at_any_depth(contract: type[Contract]) -> None:
    assert personal_in(contract) == []


def personal_in(struct: type[Any]) -> list[str]:
    """The personal fields of a struct and of the structs in its fields."""
    found = []
    for name, hint in get_type_hints(struct, include_extras=True).items():
        for part in parts_of(hint):
            if isinstance(part, Personal):
                found.append(f"{struct.__name__}.{name}")
            elif isinstance(part, type) and issubclass(part, msgspec.Struct) and part is not struct:
                found += personal_in(part)
    return found


def parts_of(hint: Any) -> list[Any]:
    return [hint, *(inner for each in get_args(hint) for inner in parts_of(each))]


def test_a_personal_field_deep_in_a_contract_is_found() -> None:
    class Line(msgspec.Struct):
        name: Annotated[str, Personal("user.name")]

    class Deep(Contract, frozen=True):
        lines: Fact[list[Line]]

    assert personal_in(Deep) == ["Line.name"]


@pytest.mark.parametrize("type_name", SCHEMAS)
def test_every_published_field_says_what_it_holds_and_is_not_named_like_a_person(type_name: str) -> None:
    for name, field in SCHEMAS[type_name]["properties"].items():
        assert field[DATA] in {"pseudonym", "operational"}
        assert not TELLING.search(name), f"{type_name}.{name}"


def test_no_example_of_a_message_looks_like_a_person() -> None:
    assert not LOOKS_PERSONAL.search(json.dumps(EXAMPLES))


@pytest.mark.parametrize("name", SERVICES)
def test_every_private_event_field_and_every_column_is_classified(name: str) -> None:
    each = service(name)
    for event in each.registry.types():
        assert classify_fields(event.cls) == event.fields
    for table in each.holdings.metadata.sorted_tables:
        for column in table.columns:
            classify_column(column)


def test_a_column_that_says_nothing_is_refused() -> None:
    table = Table("notes", MetaData(), Column("text", Text))
    with pytest.raises(Unclassified):
        check_covered(table.metadata, [])


@pytest.mark.parametrize("name", SERVICES)
def test_the_committed_data_map_is_what_the_code_declares(name: str) -> None:
    each = service(name)
    made = datamap.build(
        name, each.registry, each.holdings.metadata, each.holdings.declared, each.holdings.rules.values()
    )
    assert read(each.root / "datamap.json") == made


@pytest.mark.parametrize("name", SERVICES)
def test_every_table_with_an_account_is_held_or_says_why_not(name: str) -> None:
    holdings = service(name).holdings
    held = {h.table.name: h for h in holdings.declared if not isinstance(h, ObjectHolding)}
    for table in holdings.metadata.sorted_tables:
        if "account_id" not in table.columns:
            continue
        holding = held[table.name]
        match holding:
            case TableHolding():
                assert holding.account_column in table.columns
                assert holding.account_column in ACCOUNT_COLUMNS
                assert holding.present is not None or holding.reason, f"{table.name} is not exported and says not why"
            case Unlinked():
                assert table.name == "erased_accounts"
            case EventHolding():
                assert table.name == "events"


def test_a_table_with_an_account_that_nobody_holds_is_refused() -> None:
    table = Table("notes", MetaData(), pseudonym("account_id", Text))
    with pytest.raises(Unheld):
        check_covered(table.metadata, [])


@pytest.mark.parametrize("name", SERVICES)
def test_a_personal_column_stands_in_a_table_of_an_account(name: str) -> None:
    """Otherwise an erasure would not find the rows."""
    holdings = service(name).holdings
    held = {h.table.name for h in holdings.declared if isinstance(h, TableHolding | EventHolding)}
    for table in holdings.metadata.sorted_tables:
        if any(isinstance(classify_column(column), Personal) for column in table.columns):
            assert table.name in held
