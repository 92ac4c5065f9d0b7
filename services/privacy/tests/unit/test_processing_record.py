"""The record of processing says what the committed data maps declare, and nothing else."""

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from nexoraz.privacy.domain.processing_record import COLUMNS, Activity, activities, as_csv, as_document, as_page
from nexoraz.privacy.domain.transfers import LINKS, PROCESSORS, Safeguard

ROOT = Path(__file__).resolve().parents[4]
MAPS = [json.loads(file.read_text()) for file in sorted(ROOT.glob("services/*/datamap.json"))]


def personal(node: Any) -> set[tuple[str, str]]:
    """(purpose, category) of everything personal anywhere in a data map."""
    if not isinstance(node, dict):
        return set()
    own = {(node["purpose"], node["category"])} if {"purpose", "category"} <= node.keys() else set()
    return own.union(*(personal(child) for child in node.values()))


@pytest.mark.parametrize("data_map", MAPS, ids=lambda data_map: data_map["service"])
def test_every_declared_purpose_and_category_stands_in_the_record(data_map: dict[str, Any]) -> None:
    found = activities([data_map])
    recorded = {(activity.purpose, category) for activity in found for category in activity.categories}
    assert recorded == personal(data_map)
    assert all(activity.retention and activity.stores for activity in found)


def test_a_new_personal_field_changes_the_record() -> None:
    new = {"class": "personal", "category": "user.health", "purpose": "surprise", "retention": "account-life"}
    data_map = {"service": "assets", "tables": {}, "events": {"x-happened": {"what": new}}, "objects": {}}
    stores = ("events/x-happened",)
    hosting = ("hosting",)
    assert activities([data_map]) == [
        Activity("assets", "surprise", ("user.health",), ("account-life",), stores, hosting, ())
    ]


def test_recipients_follow_from_what_goes_to_whom() -> None:
    by_service = {(a.service, r) for a in activities(MAPS) for r in a.recipients}
    assert ("billing", "stripe") in by_service
    assert ("assets", "stripe") not in by_service
    assert ("identity", "mail-relay") in by_service


def test_the_three_forms_hold_the_same_activities() -> None:
    found = activities(MAPS)
    lines = list(csv.reader(io.StringIO(as_csv(found))))
    assert lines[0] == list(COLUMNS)
    document = as_document(found)["activities"]
    assert [line[:2] for line in lines[1:]] == [[each["service"], each["purpose"]] for each in document]
    page = as_page(found)
    assert page.count("<tr>") == len(found) + len(PROCESSORS) + 2


def test_what_a_spreadsheet_would_run_is_shown_as_text_and_the_page_escapes() -> None:
    odd = Activity("assets", "=cmd|x", ("<script>",), (), (), (), ())
    assert "'=cmd|x" in as_csv([odd])
    assert "<script>" not in as_page([odd])


class _Sources(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [tag] if tag in {"script", "link", "img", "iframe", "style"} or dict(attrs).get("src") else []


def test_the_page_loads_nothing() -> None:
    page = _Sources()
    page.feed(as_page(activities(MAPS)))
    assert page.found == []


def test_a_processor_abroad_has_a_safeguard() -> None:
    for processor in PROCESSORS:
        abroad = set(processor.countries) - {"IE", "DE", "FR", "NL"}
        assert not abroad or Safeguard.NO_TRANSFER not in processor.safeguards
        assert processor.basis


def test_every_link_of_the_policy_to_somebody_else_is_listed() -> None:
    texts = ROOT.glob("services/privacy/src/nexoraz/privacy/policy/*.md")
    links = {link for text in texts for link in re.findall(r"https?://[^\s)>]+", text.read_text())}
    assert links <= {link.href for link in LINKS}
