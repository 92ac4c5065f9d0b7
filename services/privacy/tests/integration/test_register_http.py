"""Processors, links and the record of processing over HTTP, open to everybody."""

import json

import pytest

from nexoraz.privacy.bootstrap import documents
from services.privacy.tests.integration.driver import Coordinator

pytestmark = pytest.mark.real


def test_the_record_is_made_from_what_was_announced_in_three_forms(coordinator: Coordinator) -> None:
    client = coordinator.client
    before = client.get("/v1/privacy/processing-record").json
    assert before is not None
    assert before["activities"] == []
    with coordinator.app.runtime.store.transaction() as tx:
        data_map = documents()["datamap.json"]
        coordinator.app.use_cases.answers.announce(tx, "privacy", "privacy", "hash", data_map)
    coordinator.announce("assets")
    record = client.get("/v1/privacy/processing-record").json
    assert record is not None
    assert {each["service"] for each in record["activities"]} == {json.loads(data_map)["service"]}
    csv = client.get("/v1/privacy/processing-record.csv")
    page = client.get("/v1/privacy/processing-record.html")
    assert (csv.mimetype, page.mimetype) == ("text/csv", "text/html")
    assert csv.text.count("\r\n") == len(record["activities"]) + 1


def test_processors_and_links_are_listed(coordinator: Coordinator) -> None:
    listed = coordinator.client.get("/v1/privacy/processors").json
    assert listed is not None
    assert {"stripe", "hosting", "mail-relay"} == {each["id"] for each in listed["processors"]}
    assert all(each["policy"].startswith("https://") for each in listed["links"])
