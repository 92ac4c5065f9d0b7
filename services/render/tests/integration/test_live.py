"""Renders and batches as they happen, over HTTP."""

import json
from typing import Any

import pytest

from nexoraz.render.bootstrap import App
from services.render.tests.integration.conftest import Person
from services.render.tests.integration.test_batches import LOOKS, accepted, cancel
from services.render.tests.integration.test_http import is_problem

pytestmark = pytest.mark.real


def watched(person: Person, path: str, last: str = "0") -> list[tuple[int, str, dict[str, Any]]]:
    """(id, name, data) of a stream that ends."""
    answer = person.ask("GET", f"{path}/events", {"Last-Event-ID": last})
    assert (answer.status_code, answer.mimetype) == (200, "text/event-stream"), answer.text
    blocks = [block.split("\n") for block in answer.get_data(as_text=True).split("\n\n")]
    events = [dict(line.split(": ", 1) for line in block) for block in blocks if block[0].startswith("id: ")]
    return [(int(event["id"]), event["event"], json.loads(event["data"])) for event in events]


def test_a_render_is_followed_to_its_end_and_resumed(ann: Person) -> None:
    path = f"/jobs/{ann.has_picture()}"
    events = watched(ann, path)
    assert [name for _, name, _ in events] == ["requested", "running", "progress", "progress", "completed"]
    assert [data["percent"] for _, name, data in events if name == "progress"] == [0, 90]
    assert all("account_id" not in data and "output_id" not in data for _, _, data in events)
    assert watched(ann, path, str(events[2][0])) == events[3:]
    assert watched(ann, path, str(events[-1][0])) == []


def test_a_cancelled_render_says_so(ann: Person) -> None:
    job = ann.ordered()
    cancel(ann, f"/jobs/{job}")
    assert [name for _, name, _ in watched(ann, f"/jobs/{job}")] == ["requested", "cancelled"]


def test_a_batch_tells_how_all_of_it_is(ann: Person) -> None:
    asked = accepted(ann, [ann.has_photo()], LOOKS)
    for job in asked["jobs"]:
        ann.pays(job["id"])
        ann.renders(job["id"])
    path = f"/batches/{asked['id']}"
    [(at, name, data)] = watched(ann, path)
    assert (name, data["percent"], data["counts"]["completed"]) == ("ended", 100, 3)
    assert {job["state"] for job in data["jobs"]} == {"completed"}
    assert watched(ann, path, str(at)) == []


def test_nobody_watches_another_persons_render(ann: Person, bob: Person) -> None:
    asked = accepted(ann, [ann.has_photo()], LOOKS[:1])
    is_problem(bob.ask("GET", f"/batches/{asked['id']}/events"), 404)
    is_problem(bob.ask("GET", f"/jobs/{asked['jobs'][0]['id']}/events"), 404)
    is_problem(ann.ask("GET", f"/jobs/{asked['jobs'][0]['id']}/events", {"Last-Event-ID": "x"}), 400)


def test_a_stream_ends_with_the_account(ann: Person, app: App) -> None:
    job = ann.ordered()
    answer = ann.ask("GET", f"/jobs/{job}/events", buffered=False)
    with app.runtime.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM jobs WHERE account_id = %s", (ann.account_id,))
    assert b"event:" not in answer.get_data()
