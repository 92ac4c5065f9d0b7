"""The AsyncAPI 3.0 document of each service: its shape, its subjects, and that it is what the code makes."""

from typing import Any

import jsonschema
import pytest

from nexoraz.events.asyncapi import HEADERS, OPTIONAL_HEADERS
from nexoraz.events.contracts import PARTITIONS, outgoing, partition_of, subject_of
from nexoraz.events.event import Recorded, Stream
from tests.contract.examples import example
from tests.contract.suite import SERVICES, Json, committed_schemas, service

SCHEMAS = committed_schemas()


def resolved(document: Json, reference: str) -> Any:
    """What a local reference points to; AsyncAPI keys may hold dots, so only slashes divide."""
    assert reference.startswith("#/")
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return found


@pytest.mark.parametrize("name", SERVICES)
def test_the_document_is_asyncapi_3(name: str) -> None:
    document = service(name).asyncapi
    assert document["asyncapi"] == "3.0.0"
    assert document["info"]["title"] == f"Nexoraz {name}"
    assert document["info"]["version"]
    assert set(document) <= {"asyncapi", "id", "info", "servers", "defaultContentType"} | {
        "channels",
        "operations",
        "components",
    }


@pytest.mark.parametrize("name", SERVICES)
def test_every_channel_is_the_subject_of_its_type(name: str) -> None:
    document = service(name).asyncapi
    for type_name, channel in document["channels"].items():
        assert channel["address"] == f"{type_name}.{{partition}}.{{key}}"
        assert set(channel["parameters"]) == {"partition", "key"}
        key = "5f0f4f0e-3c1e-4c46-9d5c-1f2f7f6f4a10"
        filled = channel["address"].format(partition=partition_of(key), key=key)
        assert filled == subject_of(type_name, key)
        assert 0 <= partition_of(key) < PARTITIONS


@pytest.mark.parametrize("name", SERVICES)
def test_every_reference_leads_somewhere(name: str) -> None:
    document = service(name).asyncapi
    for type_name, channel in document["channels"].items():
        (message,) = channel["messages"].values()
        assert resolved(document, message["$ref"])["name"] == type_name
    for operation in document["operations"].values():
        assert operation["action"] in {"send", "receive"}
        assert resolved(document, operation["channel"]["$ref"])["address"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_contract_is_sent_and_described_by_its_committed_schema(name: str) -> None:
    document = service(name).asyncapi
    sent = {o["channel"]["$ref"].removeprefix("#/channels/") for o in operations(document, "send")}
    assert sent == {contract.type_name() for contract in service(name).contracts}
    messages = {message["name"]: message for message in document["components"]["messages"].values()}
    for type_name in sent:
        assert messages[type_name]["payload"] == SCHEMAS[type_name]
        assert messages[type_name]["summary"].strip(" .")


def operations(document: Json, action: str) -> list[Json]:
    return [operation for operation in document["operations"].values() if operation["action"] == action]


@pytest.mark.parametrize("type_name", SCHEMAS)
def test_the_headers_of_a_message_are_those_that_are_described(type_name: str) -> None:
    import msgspec

    contract = next(c for c in service(type_name.split(".")[1]).contracts if c.type_name() == type_name)
    message = msgspec.convert(example(type_name), contract)
    sent = outgoing(recorded(), message)
    document = service(type_name.split(".")[1]).asyncapi
    described = next(m for m in document["components"]["messages"].values() if m["name"] == type_name)["headers"]
    jsonschema.Draft202012Validator(described).validate(sent.headers)
    assert set(sent.headers) - {"Nats-Msg-Id"} == set(HEADERS) - OPTIONAL_HEADERS
    assert sent.headers["Nats-Msg-Id"] == sent.headers["ce-id"]
    assert len(sent.subject.split(".")) == 6


def recorded() -> Recorded:
    from datetime import UTC, datetime
    from uuid import UUID

    moment = datetime(2026, 3, 1, tzinfo=UTC)
    return Recorded(7, UUID(int=7), Stream("photo-1", "a"), 1, moment, None)
