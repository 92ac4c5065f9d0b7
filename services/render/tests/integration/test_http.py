"""Presets, renders and pictures over HTTP: what is done, what is refused, and what strangers send."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from nexoraz.events.store import execute
from nexoraz.local.testing.services import bearer
from nexoraz.render.adapters.memory import FakeEngine
from nexoraz.render.application.ports import RenderRefused
from nexoraz.render.bootstrap import App
from nexoraz.render.domain.commands import RequestRender
from nexoraz.render.domain.job import JOB, job_stream
from nexoraz.render.web import ordering
from services.render.tests.integration.conftest import Person

pytestmark = pytest.mark.real


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordering, "PATIENCE_S", 0.1)


def is_problem(answer: TestResponse, status: int, rule: str = "") -> None:
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None and answer.json["status"] == status
    assert not rule or answer.json["type"].endswith(f"/{rule}"), answer.json


def everything(person: Person, limit: int) -> list[dict[str, Any]]:
    """All jobs, page by page."""
    found: list[dict[str, Any]] = []
    query = f"?limit={limit}"
    while True:
        answer = person.ask("GET", f"/jobs{query}")
        assert answer.status_code == 200 and answer.json is not None, answer.text
        found += answer.json["items"]
        if answer.json["next"] is None:
            return found
        query = f"?limit={limit}&cursor={answer.json['next']}"


def test_presets_are_told_to_everyone(ann: Person) -> None:
    answer = ann.client.get("/v1/render/presets")
    assert answer.status_code == 200 and answer.json is not None
    assert "marketplace-white" in [preset["id"] for preset in answer.json["items"]]
    for preset in answer.json["items"]:
        picture = ann.client.get(preset["preview"])
        assert (picture.status_code, picture.mimetype, picture.data[8:12]) == (200, "image/webp", b"WEBP")
        again = ann.client.get(preset["preview"], headers={"If-None-Match": picture.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
    is_problem(ann.client.get("/v1/render/presets/no-such-look/preview"), 404)


def test_without_a_token_nothing_is_reached(ann: Person) -> None:
    job = uuid4()
    for method, path in (("GET", "/jobs"), ("POST", "/jobs"), ("GET", f"/jobs/{job}"), ("GET", f"/jobs/{job}/output")):
        for headers in ({}, {"Authorization": "Bearer x"}):
            is_problem(ann.client.open(f"/v1/render{path}", method=method, headers=headers), 401)


def test_a_job_goes_from_asked_to_its_picture(ann: Person) -> None:
    photo = ann.has_photo(b"cup")
    answer = ann.order(photo)
    assert answer.status_code == 202 and answer.json is not None
    job = answer.json["id"]
    assert answer.headers["Location"] == f"/v1/render/jobs/{job}"
    assert (answer.json["state"], answer.json["output"], answer.json["facts"]) == ("requested", None, {})
    is_problem(ann.ask("GET", f"/jobs/{job}/output"), 409, "render-not-completed")
    ann.pays(job)
    assert ann.job(job)["state"] == "running"
    ann.renders(job)
    done = ann.job(job)
    assert (done["state"], done["percent"], done["output"]["size"]) == ("completed", 100, 3)
    assert ann.client.get(done["output"]["href"], headers=bearer(ann.account_id)).data == b"cup"
    assert everything(ann, 10) == [done]


def test_a_failed_job_says_why_with_its_figures(ann: Person, app: App) -> None:
    assert isinstance(app.engine, FakeEngine)
    app.engine.fails = lambda: RenderRefused("picture-too-large", {"megapixels": 100.0, "limit": 64.0})
    job = ann.job(ann.has_picture())
    assert (job["state"], job["reason"]) == ("failed", "picture-too-large")
    assert job["facts"] == {"megapixels": 100.0, "limit": 64.0} and job["ended_at"]
    answer = ann.ask("GET", f"/jobs/{job['id']}/output")
    is_problem(answer, 409, "render-not-completed")
    assert answer.json is not None and answer.json["state"] == "failed"


def test_an_unchanged_job_is_not_sent_again(ann: Person) -> None:
    job = ann.ordered()
    tag = ann.ask("GET", f"/jobs/{job}").headers["ETag"]
    same = ann.ask("GET", f"/jobs/{job}", {"If-None-Match": tag})
    assert (same.status_code, same.data) == (304, b"")
    ann.pays(job)
    assert ann.ask("GET", f"/jobs/{job}", {"If-None-Match": tag}).status_code == 200


def test_parts_of_a_picture(ann: Person, photos: Any) -> None:
    content = bytes(range(256)) * 1000
    answer = ann.order(ann.has_photo(content))
    assert answer.json is not None
    job = answer.json["id"]
    ann.pays(job)
    ann.renders(job)
    path = f"/jobs/{job}/output"
    whole = ann.ask("GET", path)
    assert whole.data == content and whole.headers["Accept-Ranges"] == "bytes"
    for asked, given in (("0-0", content[:1]), ("65530-65545", content[65530:65546]), ("-5", content[-5:])):
        part = ann.ask("GET", path, {"Range": f"bytes={asked}"})
        assert (part.status_code, part.data) == (206, given)
    beyond = ann.ask("GET", path, {"Range": "bytes=999999-"})
    assert beyond.status_code == 416 and beyond.headers["Content-Range"] == f"bytes */{len(content)}"
    head = ann.ask("HEAD", path)
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", str(len(content)))
    assert ann.ask("GET", path, {"If-None-Match": whole.headers["ETag"]}).status_code == 304
    assert whole.headers["Content-Disposition"].endswith(".png")


def test_other_peoples_jobs_and_photos_are_like_none(ann: Person, bob: Person) -> None:
    job, photo = ann.has_picture(), ann.has_photo()
    for path in (f"/jobs/{job}", f"/jobs/{uuid4()}"):
        is_problem(bob.ask("GET", path), 404, "not-found")
        is_problem(bob.ask("GET", f"{path}/output"), 404, "not-found")
        is_problem(bob.ask("GET", f"{path}/output", {"Range": "bytes=0-1"}), 404, "not-found")
    for each in (photo, str(uuid4())):
        is_problem(bob.order(each), 404, "photo-unknown")
    assert everything(bob, 10) == []


def test_a_key_names_one_job(ann: Person, bob: Person) -> None:
    photo = ann.has_photo()
    first, second = ann.order(photo, "k"), ann.order(photo, "k")
    assert second.data == first.data and second.headers["Idempotency-Replayed"] == "true"
    is_problem(ann.order(ann.has_photo(), "k"), 422, "idempotency-key-reused")
    assert bob.order(bob.has_photo(), "k").status_code == 202
    assert len(everything(ann, 10)) == 1


def test_the_same_job_asked_at_once_is_one(ann: Person, app: App) -> None:
    photo = ann.has_photo()
    people = [Person(app, ann.photos, app.web().test_client(use_cookies=False), ann.account_id) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        codes = {answer.status_code for answer in pool.map(lambda person: person.order(photo, "k"), people)}
    assert 202 in codes and codes <= {202, 409}
    assert len(everything(ann, 10)) == 1


def test_jobs_of_one_moment_page_without_loss(ann: Person, bob: Person, app: App) -> None:
    moments = [datetime(2026, 1, 15, 12, tzinfo=UTC) + timedelta(hours=n // 60) for n in range(120)]
    ids = [str(uuid4()) for _ in moments]
    for job, at in zip(ids, moments, strict=True):
        with app.runtime.store.transaction() as tx:
            command = RequestRender(ann.account_id, job, str(uuid4()), "marketplace-white", 1, at)
            execute(tx, JOB, job_stream(job, ann.account_id), command)
    bob.ordered()
    order = sorted(zip(moments, ids, strict=True), reverse=True)
    assert [job["id"] for job in everything(ann, 7)] == [job for _, job in order]


BODIES = [b"", b"{", b"null", b"[]", b"\xff", b'{"preset":NaN}', b'{"preset":"\\u0000"}', b"[" * 60_000]


@pytest.mark.parametrize("body", BODIES)
def test_malformed_bodies(ann: Person, body: bytes) -> None:
    answer = ann.ask("POST", "/jobs", {"Idempotency-Key": "k"}, data=body, content_type="application/json")
    assert answer.status_code in (400, 422) and answer.mimetype == "application/problem+json"


def test_bodies_that_are_not_a_job(ann: Person) -> None:
    photo = ann.has_photo()
    values: list[Any] = [None, 1, True, [], {}, "", "x" * 500, "unknown", "../marketplace-white"]
    for wrong in values:
        is_problem(ann.order(photo, preset=wrong), 422)
    for wrong in (None, 1, [], "", "1", "../photos"):
        is_problem(ann.ask("POST", "/jobs", {"Idempotency-Key": "k"}, json={"photo_id": wrong, "preset": "x"}), 422)
    is_problem(ann.order(photo, credits=0), 422)
    is_problem(ann.ask("POST", "/jobs", json={"photo_id": photo, "preset": "marketplace-white"}), 400)
    is_problem(ann.ask("POST", "/jobs", {"Idempotency-Key": "k"}, data="a=b"), 415)
    long = b'{"preset":"' + b"a" * 70_000 + b'"}'
    is_problem(ann.ask("POST", "/jobs", {"Idempotency-Key": "k"}, data=long, content_type="application/json"), 413)
    assert everything(ann, 10) == []


def test_paths_methods_and_queries_that_lead_nowhere(ann: Person) -> None:
    for path in ("/jobs/1", "/jobs/%00", "/jobs/../presets", "/jobs/" + "a" * 3000, "/.env", "/jobs//output"):
        assert 300 <= ann.ask("GET", path).status_code < 500, path
    for method, path in (("PUT", "/jobs"), ("DELETE", f"/jobs/{uuid4()}"), ("POST", "/presets")):
        is_problem(ann.ask(method, path), 405)
    for query in ("limit=0", "limit=101", "limit=x", "unknown=1"):
        is_problem(ann.ask("GET", f"/jobs?{query}"), 422)
    for cursor in ("x", "%ff", "W10", "WyJ4Il0", "a" * 600):
        assert ann.ask("GET", f"/jobs?cursor={cursor}").status_code in (400, 422)


def test_an_erased_account_asks_for_nothing(ann: Person, app: App) -> None:
    photo = ann.has_photo()
    with app.runtime.store.transaction() as tx:
        tx.tombstone(ann.account_id)
    is_problem(ann.order(photo), 401)
