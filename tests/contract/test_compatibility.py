"""Published types stay readable: the shape in the code against every shape that was ever published.

`stored/<type>.json` is the shape as it was published first. A compatible change leaves the stored file as it is; a
type that is new adds one: `python -m tests.contract.stored_schemas`. A stored file is never changed or removed while
messages of the type may be on a bus or in an archive; what breaks it is a new version beside it.
"""

from copy import deepcopy
from typing import Any

import pytest

from nexoraz.events.asyncapi import compatible
from tests.contract.stored_schemas import stored
from tests.contract.suite import committed_schemas

SCHEMAS = committed_schemas()
STORED = stored()
SUBJECT = "nexoraz.assets.photo-uploaded.v1"


def test_every_type_that_is_published_is_stored() -> None:
    assert set(SCHEMAS) - set(STORED) == set(), "run: python -m tests.contract.stored_schemas"


def test_no_type_that_was_published_has_gone() -> None:
    assert set(STORED) - set(SCHEMAS) == set()


@pytest.mark.parametrize("type_name", STORED)
def test_the_present_shape_reads_and_is_read_by_the_stored_one(type_name: str) -> None:
    assert compatible(STORED[type_name], SCHEMAS[type_name]) == []


def changed(**properties: Any) -> dict[str, Any]:
    """The stored shape with some properties set, or removed where None."""
    schema = deepcopy(STORED[SUBJECT])
    for name, value in properties.items():
        if value is None:
            del schema["properties"][name]
            schema["required"].remove(name)
        else:
            schema["properties"][name] = value
    return schema


def test_a_removed_field_is_refused() -> None:
    (why,) = compatible(STORED[SUBJECT], changed(width=None))
    assert why == "an old reader refuses a new message: message.width: may be missing"
    (why,) = compatible(changed(width=None), STORED[SUBJECT])
    assert why == "a new reader refuses an old message: message.width: may be missing"


def test_a_changed_type_is_refused_in_both_directions() -> None:
    problems = compatible(STORED[SUBJECT], changed(width={"type": "string"}))
    assert problems == [
        "a new reader refuses an old message: message.width: is integer, not string",
        "an old reader refuses a new message: message.width: is string, not integer",
    ]


def test_a_new_required_field_is_refused() -> None:
    schema = changed(colour={"type": "string"})
    schema["required"].append("colour")
    (why,) = compatible(STORED[SUBJECT], schema)
    assert why == "a new reader refuses an old message: message.colour: may be missing"


def test_a_new_optional_field_is_welcome() -> None:
    assert compatible(STORED[SUBJECT], changed(colour={"type": "string", "default": ""})) == []
