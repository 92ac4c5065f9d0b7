"""Every operation that the five committed OpenAPI documents describe."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("identity", "assets", "render", "billing", "privacy")
METHODS = frozenset({"get", "post", "put", "patch", "delete"})
PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Operation:
    service: str
    method: str
    path: str
    body: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def guarded(self) -> bool:
        return bool(self.body.get("security"))

    @property
    def names(self) -> list[str]:
        """The parameters of its path."""
        return PLACE.findall(self.path)

    def at(self, **values: str) -> str:
        return PLACE.sub(lambda place: values[place.group(1)], self.path)


def document(service: str) -> dict[str, Any]:
    text = (ROOT / "services" / service / "openapi.json").read_text()
    return cast(dict[str, Any], json.loads(text))


def operations() -> Iterator[Operation]:
    for service in SERVICES:
        for path, described in document(service)["paths"].items():
            for method in sorted(METHODS & set(described)):
                yield Operation(service, method.upper(), path, described[method])


ALL = list(operations())
