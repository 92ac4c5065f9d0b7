"""Every published type: its committed schema, an example, who makes it and who reads it."""

from typing import Any

import jsonschema
import msgspec
import pytest

from nexoraz.events.asyncapi import reads, schema_of
from nexoraz.events.contracts import Contract, Foreign
from tests.contract.examples import EXAMPLES, example
from tests.contract.suite import SERVICES, committed_schemas, producer_of, service, services

SCHEMAS = committed_schemas()
CONTRACTS = {contract.type_name(): contract for each in services() for contract in each.contracts}
VIEWS = [(each.name, view) for each in services() for view in each.views]

FOR_SUBSCRIBERS_OUTSIDE = {
    "nexoraz.identity.account-registered.v1": "what happens to accounts, for internal subscribers",
    "nexoraz.billing.credits-spent.v1": "use of credits, for internal subscribers",
    "nexoraz.privacy.objection-recorded.v1": "whoever processes for such a purpose; no service does yet",
    "nexoraz.privacy.request-completed.v1": "how requests ended, for whoever reports on them",
}
"""Types that no service of the suite reads, each with the reason why it is published nevertheless."""


def validator(type_name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(SCHEMAS[type_name], format_checker=jsonschema.FormatChecker())


def broken(type_name: str) -> list[tuple[str, Any]]:
    """The example with each required field away, and with each field of another type."""
    good = example(type_name)
    missing = [(f"without {n}", {k: v for k, v in good.items() if k != n}) for n in SCHEMAS[type_name]["required"]]
    return [*missing, *((f"{n} of another type", {**good, n: {"is": "an object"}}) for n in good), ("no object", [])]


def test_the_committed_schemas_are_those_of_the_contracts() -> None:
    assert {name: schema_of(contract) for name, contract in CONTRACTS.items()} == SCHEMAS


def test_every_example_belongs_to_a_contract() -> None:
    assert {name.split(".", 2)[2] for name in SCHEMAS} == set(EXAMPLES)


@pytest.mark.parametrize("type_name", SCHEMAS)
def test_a_schema_accepts_its_example_and_the_class_reads_and_writes_it(type_name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[type_name])
    validator(type_name).validate(example(type_name))
    message = msgspec.convert(example(type_name), CONTRACTS[type_name])
    assert msgspec.json.decode(msgspec.json.encode(message)) == example(type_name)
    assert message.key == str(example(type_name)[CONTRACTS[type_name].key_field])


@pytest.mark.parametrize("type_name", SCHEMAS)
def test_a_schema_and_its_class_refuse_what_is_not_the_contract(type_name: str) -> None:
    for what, message in broken(type_name):
        assert not validator(type_name).is_valid(message), what
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(message, CONTRACTS[type_name])


@pytest.mark.parametrize("type_name", SCHEMAS)
def test_the_key_of_a_contract_is_one_pseudonymous_token(type_name: str) -> None:
    field = CONTRACTS[type_name].key_field
    assert field in SCHEMAS[type_name]["required"]
    key = str(example(type_name)[field])
    assert key
    assert not set(key) & set(".*> \t\r\n")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_publishes_under_its_own_name_only(name: str) -> None:
    assert {producer_of(contract.type_name()) for contract in service(name).contracts} == {name}


def test_every_type_is_read_by_a_service_or_is_declared_for_others() -> None:
    read = {view.source for _, view in VIEWS}
    assert set(SCHEMAS) - read == set(FOR_SUBSCRIBERS_OUTSIDE)


@pytest.mark.parametrize(("reader", "view"), VIEWS, ids=lambda value: getattr(value, "source", value))
def test_a_view_reads_what_its_source_publishes(reader: str, view: type[Foreign]) -> None:
    assert view.source in SCHEMAS, f"{reader} reads {view.source}, which nobody publishes"
    assert reads(view, SCHEMAS[view.source]) == []
    msgspec.convert(example(view.source), view)


def test_a_service_reads_a_type_through_one_view() -> None:
    for name in SERVICES:
        sources = [view.source for view in service(name).views]
        assert sorted(sources) == sorted(set(sources))


def test_a_service_sends_what_it_translates_and_nothing_else() -> None:
    """A contract nobody makes would be a promise without a keeper."""
    for each in services():
        text = "".join(file.read_text() for file in each.root.glob("src/nexoraz/*/adapters/published.py"))
        for contract in each.contracts:
            assert made(contract, text), contract.type_name()


def made(contract: type[Contract], text: str) -> bool:
    """Whether `published.py` makes it, or the protocol does (whose own tests show it)."""
    return contract.__module__ == "nexoraz.events.protocol_contracts" or f"{contract.__name__}(" in text.replace(
        f"class {contract.__name__}(", ""
    )
