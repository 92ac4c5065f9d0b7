"""The documents of a service that are generated from its code: the data map, the contracts' schemas, AsyncAPI."""

import json
from collections.abc import Sequence
from typing import Any

from nexoraz.events import asyncapi, datamap
from nexoraz.events.contracts import Contract
from nexoraz.events.event import kebab
from nexoraz.events.holdings import Holdings
from nexoraz.events.registry import Registry


def dump(document: dict[str, Any]) -> str:
    """Stable text: the same code gives the same bytes."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def event_documents(registry: Registry, holdings: Holdings, contracts: Sequence[type[Contract]]) -> dict[str, str]:
    """Path below the service's folder → text. Raises Unclassified for a field or column that declares nothing."""
    schemas = {
        f"schemas/{kebab(contract.__name__)}.v{contract.version}.json": dump(asyncapi.schema_of(contract))
        for contract in contracts
    }
    rules = holdings.rules.values()
    made = datamap.build(holdings.service, registry, holdings.metadata, holdings.declared, rules)
    return {
        **schemas,
        "asyncapi.json": dump(asyncapi.document(holdings.service, contracts)),
        "datamap.json": datamap.dump(made),
    }
