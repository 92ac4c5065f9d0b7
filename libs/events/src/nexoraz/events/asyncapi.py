"""The contracts of a service as documents: one JSON Schema per contract, one AsyncAPI 3 document per service.

Both are generated from the classes and committed; a drift test compares them, and every stored version of a schema
stays compatible both ways: old readers read new messages, new readers read old ones.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from nexoraz.events.classification import Pseudonym, classify_fields
from nexoraz.events.compatibility import Schema, unreadable
from nexoraz.events.contracts import PARTITIONS, Contract, Foreign, check_contract
from nexoraz.events.jetstream import stream_name

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DATA = "x-nexoraz-data"
HEADERS = {
    "ce-specversion": {"const": "1.0"},
    "ce-id": {"type": "string", "format": "uuid"},
    "ce-source": {"type": "string"},
    "ce-type": {"type": "string"},
    "ce-time": {"type": "string", "format": "date-time"},
    "ce-subject": {"type": "string"},
    "ce-datacontenttype": {"const": "application/json"},
    "nx-position": {"type": "string", "pattern": "^[1-9][0-9]*$"},
    "traceparent": {"type": "string"},
}
OPTIONAL_HEADERS = frozenset({"traceparent"})


def schema_of(contract: type[Contract]) -> Schema:
    """The JSON Schema of a contract, each field with what it holds. Raises PersonalOnTheBus or Unclassified."""
    check_contract(contract)
    schema = _flat(contract)
    for name, declared in classify_fields(contract).items():
        schema["properties"][name] = {
            **schema["properties"][name],
            DATA: "pseudonym" if isinstance(declared, Pseudonym) else "operational",
        }
    return {"$schema": DIALECT, "$id": contract.type_name(), **schema}


def view_schema(view: type[Foreign]) -> Schema:
    """The JSON Schema of a consumer's view."""
    return {"$schema": DIALECT, "$id": view.source, **_flat(view)}


def compatible(stored: Schema, present: Schema) -> list[str]:
    """Why two shapes of one contract version are not compatible in both directions; empty when they are."""
    backward = [f"a new reader refuses an old message: {why}" for why in unreadable(present, stored)]
    return backward + [f"an old reader refuses a new message: {why}" for why in unreadable(stored, present)]


def reads(view: type[Foreign], published: Schema) -> list[str]:
    """Why a consumer's view cannot read what the publisher's schema allows; empty when it can."""
    missing = view.__struct_fields__
    unknown = [f"message.{n}: is not published" for n in missing if n not in published.get("properties", {})]
    return unknown + unreadable(view_schema(view), published)


def document(
    service: str, contracts: Iterable[type[Contract]], views: Sequence[type[Foreign]] = (), version: str = "1.0.0"
) -> dict[str, Any]:
    """The AsyncAPI 3.0 document of a service: what it sends, and what it receives of others (by reference)."""
    sent = sorted(contracts, key=lambda c: c.type_name())
    channels = {c.type_name(): _channel(c.type_name(), c.__name__) for c in sent}
    operations = {f"send-{_short(c.type_name())}": _operation("send", c.type_name()) for c in sent}
    for view in sorted(views, key=lambda v: v.source):
        channels[view.source] = _channel(view.source, view.__name__)
        operations[f"receive-{_short(view.source)}"] = _operation("receive", view.source)
    messages = {c.__name__: _message(c.type_name(), schema_of(c), c.__doc__) for c in sent}
    messages |= {v.__name__: _message(v.source, view_schema(v), v.__doc__) for v in views}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"Nexoraz {service}",
            "version": version,
            "description": f"CloudEvents 1.0 in binary mode on the JetStream stream {stream_name(service)}.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def _flat(struct: type[msgspec.Struct]) -> Schema:
    """The schema of a struct with its own properties at the top; other structs stay under $defs."""
    (top,), definitions = msgspec.json.schema_components([struct], ref_template="#/$defs/{name}")
    own = definitions.pop(top["$ref"].rpartition("/")[2])
    return {**own, "$defs": definitions} if definitions else own


def _channel(type_name: str, message: str) -> dict[str, Any]:
    return {
        "address": f"{type_name}.{{partition}}.{{key}}",
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
        "parameters": {
            "partition": {"description": f"A hash of the key, 0 to {PARTITIONS - 1}."},
            "key": {"description": "What orders the messages: the account id, unless the contract says otherwise."},
        },
    }


def _operation(action: str, type_name: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{type_name}"}}


def _message(type_name: str, payload: Schema, summary: str | None) -> dict[str, Any]:
    required = sorted(HEADERS.keys() - OPTIONAL_HEADERS)
    headers = {**HEADERS, "ce-type": {"const": type_name}}
    return {
        "name": type_name,
        "summary": (summary or type_name).strip().splitlines()[0],
        "headers": {"type": "object", "properties": headers, "required": required},
        "payload": payload,
    }


def _short(type_name: str) -> str:
    """`nexoraz.assets.photo-uploaded.v1` → `assets-photo-uploaded-v1`."""
    return "-".join(type_name.split(".")[1:])
