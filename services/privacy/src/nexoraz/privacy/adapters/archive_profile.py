"""The facts with which an archive's page begins: who somebody is to us, picked from what the services export.

The later of two records about a fact counts. tests/contract/test_exports.py compares the names with the data maps.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LABELS = ("Email", "Name", "Country", "Plan", "Credits")
SOURCES: Mapping[tuple[str, str, str], Mapping[str, str]] = {
    ("identity", "events", "account-registered"): {"email": "Email", "name": "Name", "country": "Country"},
    ("identity", "events", "account-renamed"): {"name": "Name"},
    ("billing", "credit_accounts", ""): {"balance": "Credits"},
}
"""(service, group, kind of event or "" for a table's row) → field → label."""


@dataclass(slots=True)
class Profile:
    """By label, in the order of LABELS; "" for what somebody never gave."""

    facts: dict[str, str] = field(default_factory=lambda: dict.fromkeys(LABELS, "") | {"Plan": "none", "Credits": "0"})

    def note(self, service: str, group: str, record: Mapping[str, Any]) -> None:
        """Take what a record says about the person."""
        fields = SOURCES.get((service, group, str(record.get("event", ""))))
        said = record.get("data", record)
        if fields is None or not isinstance(said, Mapping):
            return
        for name, label in fields.items():
            value = said.get(name)
            self.facts[label] = "" if value is None else str(value)
