"""Processors, links and the record of processing over HTTP, open to everybody."""

import json
from uuid import uuid4

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


def test_statistics_of_requests_leave_small_groups_out_and_know_the_median(coordinator: Coordinator) -> None:
    def withdraw(after_days: int) -> None:
        account = str(uuid4())
        asked = (coordinator.ask(account, "erasure").json or {})["id"]
        coordinator.clock.advance(days=after_days)
        headers = coordinator.headers(account)
        done = coordinator.client.post(f"/v1/privacy/requests/{asked}/withdrawal", headers=headers)
        assert done.status_code == 200, done.text

    for _ in range(9):
        withdraw(after_days=0)
    assert coordinator.client.get("/v1/privacy/statistics").json == {"items": []}
    withdraw(after_days=1)
    [total] = (coordinator.client.get("/v1/privacy/statistics").json or {})["items"]
    assert (total["type"], total["state"], total["requests"], total["median_days"]) == ("erasure", "withdrawn", 10, 0.0)
