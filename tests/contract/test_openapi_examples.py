"""Who reads the API description sees what a value looks like, and what is shown is a value that is accepted."""

import json
from collections.abc import Iterator

import pytest
from jsonschema import Draft202012Validator

from tests.contract.suite import SERVICES, Json, service

TELLING = frozenset({"enum", "const", "pattern"})
FORMATS = frozenset({"uuid", "date", "date-time"})
"""Strings of these say by themselves what they look like."""


def _properties(name: str) -> Iterator[tuple[str, Json]]:
    document = json.loads((service(name).root / "openapi.json").read_text())
    for schema, described in document["components"]["schemas"].items():
        for field, value in described.get("properties", {}).items():
            yield f"{schema}.{field}", value


def _is_string(described: Json) -> bool:
    types = described.get("type")
    return types == "string" or (isinstance(types, list) and "string" in types)


@pytest.mark.parametrize("name", SERVICES)
def test_a_text_that_could_be_anything_has_an_example(name: str) -> None:
    silent = [
        field
        for field, described in _properties(name)
        if _is_string(described) and described.get("format") not in FORMATS
        if not {"example", "examples", *TELLING} & described.keys()
    ]
    assert silent == []


@pytest.mark.parametrize("name", SERVICES)
def test_an_example_is_a_value_of_its_field(name: str) -> None:
    document = json.loads((service(name).root / "openapi.json").read_text())
    wrong = []
    for field, described in _properties(name):
        if "example" in described:
            schema = {**described, "components": document["components"]}
            wrong += [f"{field}: {e.message}" for e in Draft202012Validator(schema).iter_errors(described["example"])]
    assert wrong == []
