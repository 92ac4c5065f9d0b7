"""The keys that a signed document is checked with; part of nexoraz-verify."""

import json
from collections.abc import Sequence
from pathlib import Path

from nexoraz.privacy.adapters.signatures import NotGenuine, key_id
from nexoraz.privacy.domain.canonical import Json


def key_for(raw: bytes, keys: Sequence[Json]) -> Json:
    """The one of `keys` that the document names; without any, the key that it carries itself. Raises NotGenuine."""
    named = key_id(raw)
    if not keys:
        carried = json.loads(raw)["document"].get("key")
        if not isinstance(carried, dict):
            raise NotGenuine("it does not name its signing key")
        return dict(carried)
    for key in keys:
        if key.get("kid") == named:
            return key
    raise NotGenuine("it was signed with a key that is not among the given keys")


def read_keys(path: Path) -> list[Json]:
    """The keys of a JWK set (RFC 7517) as served at /v1/privacy/keys. Raises ValueError."""
    document = json.loads(path.read_bytes())
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise ValueError(f"{path} is not a JWK set")
    return [dict(key) for key in document["keys"]]
