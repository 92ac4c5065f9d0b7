"""Generated schemas and their compatibility in both directions."""

from typing import ClassVar, Literal

import pytest

from nexoraz.events.asyncapi import compatible, document, reads, schema_of
from nexoraz.events.classification import Fact, Id
from nexoraz.events.contracts import Contract, Foreign


class PhotoUploaded(Contract, frozen=True):
    """A photo is there."""

    service: ClassVar[str] = "assets"
    account_id: Id
    size: Fact[int]
    kind: Fact[Literal["jpeg", "png"]]
    note: Fact[str | None] = None


class Uploaded(Foreign, frozen=True):
    source: ClassVar[str] = "nexoraz.assets.photo-uploaded.v1"
    account_id: str
    size: int


def test_a_schema_says_what_each_field_holds() -> None:
    schema = schema_of(PhotoUploaded)
    assert schema["$id"] == "nexoraz.assets.photo-uploaded.v1"
    assert schema["properties"]["account_id"] == {"type": "string", "x-nexoraz-data": "pseudonym"}
    assert schema["required"] == ["account_id", "size", "kind"]


def test_a_view_reads_the_fields_that_it_needs() -> None:
    assert reads(Uploaded, schema_of(PhotoUploaded)) == []


def test_a_view_of_another_type_or_name_is_found_out() -> None:
    class Wrong(Foreign, frozen=True):
        source: ClassVar[str] = "nexoraz.assets.photo-uploaded.v1"
        size: str
        width: int

    problems = reads(Wrong, schema_of(PhotoUploaded))
    assert problems == [
        "message.width: is not published",
        "message.width: may be missing",
        "message.size: is integer, not string",
    ]


def test_a_new_optional_field_is_compatible_both_ways() -> None:
    stored = schema_of(PhotoUploaded)
    present = {**stored, "properties": {**stored["properties"], "colour": {"type": "string"}}}
    assert compatible(stored, present) == []


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"required": ["account_id", "kind"]}, "an old reader refuses a new message: message.size: may be missing"),
        (
            {"required": ["account_id", "size", "kind", "note"]},
            "a new reader refuses an old message: message.note: may be missing",
        ),
    ],
)
def test_a_field_neither_becomes_nor_ceases_to_be_required(changed: dict[str, list[str]], why: str) -> None:
    stored = schema_of(PhotoUploaded)
    assert compatible(stored, {**stored, **changed}) == [why]


def test_a_new_value_of_an_enumeration_breaks_old_readers() -> None:
    stored = schema_of(PhotoUploaded)
    kinds = {**stored["properties"], "kind": {"enum": ["jpeg", "png", "webp"]}}
    assert compatible(stored, {**stored, "properties": kinds}) == [
        "an old reader refuses a new message: message.kind: webp is not among the known values"
    ]


def test_a_type_may_not_change() -> None:
    stored = schema_of(PhotoUploaded)
    wider = {**stored["properties"], "size": {"type": "number"}}
    assert compatible(stored, {**stored, "properties": wider}) == [
        "an old reader refuses a new message: message.size: is number, not integer"
    ]


def test_the_document_names_channels_operations_and_messages() -> None:
    made = document("assets", [PhotoUploaded], [])
    assert made["asyncapi"] == "3.0.0"
    assert made["channels"]["nexoraz.assets.photo-uploaded.v1"]["address"].endswith(".v1.{partition}.{key}")
    assert made["operations"]["send-assets-photo-uploaded-v1"]["action"] == "send"
    assert made["components"]["messages"]["PhotoUploaded"]["payload"] == schema_of(PhotoUploaded)
