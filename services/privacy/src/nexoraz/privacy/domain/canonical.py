"""One way to write a document down, so that a signature covers every byte of it.

The form is RFC 8785 (JSON Canonicalization Scheme) for the values that we use: objects with ASCII names, arrays,
strings, integers within ±2^53, booleans and null. Anything else is refused rather than written in a second way.
"""

import json
from typing import Any

LARGEST_INTEGER = 2**53 - 1
Json = dict[str, Any]


class NotCanonical(ValueError):
    """The document holds something that has no canonical form here, or is not written in it."""


def canonical(document: Json) -> bytes:
    """The document's only valid bytes. Raises NotCanonical."""
    _check(document)
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def parse_canonical(raw: bytes) -> Json:
    """The reverse; refuses every other spelling of the same document. Raises NotCanonical."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise NotCanonical("this is not JSON") from error
    if not isinstance(document, dict):
        raise NotCanonical("this is not a JSON object")
    if canonical(document) != raw:
        raise NotCanonical("this is not written in the canonical form, so it was changed after it was signed")
    return document


def _check(value: object) -> None:
    match value:
        case None | bool():
            return
        case str():
            _check_text(value)
        case int() if abs(value) <= LARGEST_INTEGER:
            return
        case list() | tuple():
            for item in value:
                _check(item)
        case dict():
            for name, item in value.items():
                if not (isinstance(name, str) and name.isascii()):
                    raise NotCanonical(f"a name is not ASCII text: {name!r}")
                _check(item)
        case _:
            raise NotCanonical(f"a {type(value).__name__} has no canonical form here")


def _check_text(text: str) -> None:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise NotCanonical("a text is not valid Unicode")
