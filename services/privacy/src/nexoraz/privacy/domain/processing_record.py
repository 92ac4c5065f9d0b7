"""The record of processing activities (GDPR Art. 30), made from what the services declare that they hold.

One activity is what one service does for one purpose. Nothing is written by hand but who we are and whom data goes to.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from nexoraz.privacy.domain.transfers import PROCESSORS, Processor

CONTROLLER = {"name": "Nexoraz", "contact": "support@nexoraz.pro"}
SUBJECTS = "people with an account, and visitors who made a choice"
MEASURES = "sealed under a key of the account and purpose (AES-256-GCM); least privilege; operators leave a trace"


@dataclass(frozen=True, slots=True)
class Activity:
    """categories: fideslang. retention: names of rules. recipients: ids of processors. stores: where it lies."""

    service: str
    purpose: str
    categories: tuple[str, ...]
    retention: tuple[str, ...]
    stores: tuple[str, ...]
    recipients: tuple[str, ...]
    countries: tuple[str, ...]


def activities(data_maps: Iterable[Mapping[str, Any]]) -> list[Activity]:
    """What all services do, by service and purpose."""
    found: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for data_map in data_maps:
        for purpose, category, retention, store in _declared(data_map):
            found.setdefault((data_map["service"], purpose), []).append((category, retention, store))
    return [_activity(service, purpose, rows) for (service, purpose), rows in sorted(found.items())]


def _activity(service: str, purpose: str, rows: list[tuple[str, str, str]]) -> Activity:
    categories, retention, stores = (tuple(sorted(set(column))) for column in zip(*rows, strict=True))
    to = [processor for processor in PROCESSORS if _receives(processor, service, categories)]
    countries = tuple(sorted({country for processor in to for country in processor.countries}))
    return Activity(service, purpose, categories, retention, stores, tuple(p.id for p in to), countries)


def _receives(processor: Processor, service: str, categories: tuple[str, ...]) -> bool:
    """A category includes what is below it in the taxonomy."""
    if service not in processor.services:
        return False
    return any(f"{own}.".startswith(f"{given}.") for own in categories for given in processor.categories)


def _declared(data_map: Mapping[str, Any]) -> Iterable[tuple[str, str, str, str]]:
    """Purpose, category, retention, store of everything personal, whatever it lies in."""
    for name, table in data_map.get("tables", {}).items():
        for column in table["columns"].values():
            yield from _personal(column, name)
        holding = table["holding"] or {}
        if "category" in holding:
            yield holding["purpose"], holding["category"], holding["retention"], name
    for event, event_fields in data_map.get("events", {}).items():
        for declared in event_fields.values():
            yield from _personal(declared, f"events/{event}")
    for kind, declared in data_map.get("objects", {}).items():
        yield from _personal(declared, f"objects/{kind}")


def _personal(declared: Mapping[str, Any], store: str) -> Iterable[tuple[str, str, str, str]]:
    if declared["class"] == "personal":
        yield declared["purpose"], declared["category"], declared["retention"], store


COLUMNS = ("service", "purpose", "categories", "retention", "stores", "recipients", "countries")


def as_document(found: list[Activity]) -> dict[str, Any]:
    """As JSON."""
    return {
        "controller": CONTROLLER,
        "data_subjects": SUBJECTS,
        "measures": MEASURES,
        "activities": [asdict(activity) for activity in found],
        "processors": [asdict(processor) for processor in PROCESSORS],
    }


def as_csv(found: list[Activity]) -> str:
    """One line per activity; lists are joined by "; ". A cell never begins with what a spreadsheet would run."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(getattr(activity, name)) for name in COLUMNS] for activity in found)
    return text.getvalue()


def _cell(value: str | tuple[str, ...]) -> str:
    joined = value if isinstance(value, str) else "; ".join(value)
    return f"'{joined}" if joined[:1] in ("=", "+", "-", "@", "\t", "\r") else joined


def as_page(found: list[Activity]) -> str:
    """A page without script or style, which loads nothing."""
    rows = [[_cell(getattr(activity, name)) for name in COLUMNS] for activity in found]
    to = [(p.name, p.does, ", ".join(p.countries) or "-", ", ".join(p.safeguards), p.basis) for p in PROCESSORS]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Record of processing</title></head><body>'
        f"<h1>Record of processing</h1><p>{escape(CONTROLLER['name'])}, {escape(CONTROLLER['contact'])}. "
        f"About {escape(SUBJECTS)}. {escape(MEASURES)}.</p>{_table(COLUMNS, rows)}"
        f"<h2>Processors</h2>{_table(('name', 'does', 'countries', 'safeguards', 'basis'), to)}</body></html>"
    )


def _table(names: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
