"""Batches, cancellations and retries over HTTP: what is done, what is refused, and who wins a race."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from nexoraz.render.adapters.memory import FakeEngine
from nexoraz.render.application.policies import Policies
from nexoraz.render.application.ports import RenderRefused
from nexoraz.render.bootstrap import App
from nexoraz.render.domain.job import MOST_ATTEMPTS
from nexoraz.render.presets.wanted import Wanted
from nexoraz.render.web import ordering
from services.render.tests.integration.conftest import Person
from services.render.tests.integration.test_http import is_problem

pytestmark = pytest.mark.real
LOOKS = ["marketplace-white", "studio-soft", "cutout-transparent"]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordering, "PATIENCE_S", 0.1)


def batch(person: Person, photos: list[str], looks: list[str], key: str = "") -> Any:
    headers = {"Idempotency-Key": key or str(uuid4())}
    return person.ask("POST", "/batches", headers, json={"photo_ids": photos, "presets": looks})


def accepted(person: Person, photos: list[str], looks: list[str]) -> dict[str, Any]:
    answer = batch(person, photos, looks)
    assert answer.status_code == 202, answer.text
    return dict(answer.json)


def cancel(person: Person, path: str) -> Any:
    return person.ask("POST", f"{path}/cancellation")


def retry(person: Person, job_id: str, key: str = "") -> Any:
    return person.ask("POST", f"/jobs/{job_id}/retry", {"Idempotency-Key": key or str(uuid4())})


@pytest.fixture
def spoilt(app: App) -> Iterator[FakeEngine]:
    """An engine that refuses every photo until it is told otherwise."""
    assert isinstance(app.engine, FakeEngine)
    app.engine.fails = lambda: RenderRefused("picture-damaged")
    yield app.engine


def failed_job(person: Person) -> str:
    job_id = person.has_picture()
    assert person.job(job_id)["state"] == "failed"
    return job_id


def test_one_photo_by_many_presets_is_one_request(ann: Person) -> None:
    photo = ann.has_photo()
    asked = accepted(ann, [photo], LOOKS)
    assert (asked["state"], asked["credits"], asked["counts"]["requested"]) == ("running", 3, 3)
    assert sorted(job["preset"] for job in asked["jobs"]) == sorted(LOOKS)
    assert {job["batch_id"] for job in asked["jobs"]} == {asked["id"]}
    again = ann.ask("GET", f"/batches/{asked['id']}")
    assert again.status_code == 200 and again.json is not None
    assert sorted(job["id"] for job in again.json["jobs"]) == sorted(job["id"] for job in asked["jobs"])
    unchanged = ann.ask("GET", f"/batches/{asked['id']}", {"If-None-Match": again.headers["ETag"]})
    assert unchanged.status_code == 304


def test_many_photos_by_one_preset_end_each_in_its_own_way(ann: Person, app: App) -> None:
    photos = [ann.has_photo() for _ in range(3)]
    asked = accepted(ann, photos, LOOKS[:1])
    done, poor, waits = (job["id"] for job in asked["jobs"])
    ann.pays(done)
    ann.renders(done)
    with app.runtime.store.transaction() as tx:
        Policies(app.runtime.tasks, app.clock).fail_render_on_credits_refused(tx, ann.account_id, poor)
    now = ann.ask("GET", f"/batches/{asked['id']}").json
    assert now is not None and now["state"] == "running" and now["percent"] == 66
    assert now["counts"] == {"requested": 1, "running": 0, "completed": 1, "failed": 1, "cancelled": 0}
    ended = cancel(ann, f"/batches/{asked['id']}").json
    assert ended["state"] == "ended" and ended["counts"]["cancelled"] == 1
    assert ann.job(waits)["state"] == "cancelled" and ann.job(done)["state"] == "completed"
    assert cancel(ann, f"/batches/{asked['id']}").json == ended


def test_a_batch_that_is_sent_twice_is_one(ann: Person) -> None:
    photo = ann.has_photo()
    first, second = (batch(ann, [photo], LOOKS, "k") for _ in range(2))
    assert first.data == second.data and second.headers["Idempotency-Replayed"] == "true"
    assert len(ann.ask("GET", "/jobs").json["items"]) == len(LOOKS)  # type: ignore[index]


def test_a_batch_is_accepted_as_a_whole_or_not_at_all(ann: Person, bob: Person) -> None:
    mine = ann.has_photo()
    is_problem(batch(ann, [mine, bob.has_photo()], LOOKS), 404, "photo-unknown")
    is_problem(batch(ann, [mine], [*LOOKS, "unknown"]), 422, "unknown-preset")
    for photos, looks in (([], LOOKS), ([mine], []), ([mine, mine], LOOKS), ([mine], [LOOKS[0], LOOKS[0]])):
        is_problem(batch(ann, photos, looks), 422)
    is_problem(batch(ann, [str(uuid4()) for _ in range(26)], LOOKS[:2]), 422)
    is_problem(ann.ask("POST", "/batches", json={"photo_ids": [mine], "presets": LOOKS}), 400)
    assert ann.ask("GET", "/jobs").json["items"] == []  # type: ignore[index]


def test_the_largest_batch_is_one_transaction(ann: Person) -> None:
    photos = [ann.has_photo() for _ in range(50)]
    assert accepted(ann, photos, LOOKS[:1])["counts"]["requested"] == 50


def test_another_persons_batch_and_jobs_are_nowhere(ann: Person, bob: Person) -> None:
    asked = accepted(ann, [ann.has_photo()], LOOKS)
    job = asked["jobs"][0]["id"]
    is_problem(bob.ask("GET", f"/batches/{asked['id']}"), 404)
    is_problem(cancel(bob, f"/batches/{asked['id']}"), 404)
    is_problem(cancel(bob, f"/jobs/{job}"), 404)
    is_problem(retry(bob, job), 404)
    assert ann.job(job)["state"] == "requested"


def test_a_job_that_waits_is_cancelled_at_once(ann: Person) -> None:
    job = ann.ordered()
    answer = cancel(ann, f"/jobs/{job}")
    assert (answer.status_code, answer.json["state"]) == (200, "cancelled") and answer.json["ended_at"]
    assert cancel(ann, f"/jobs/{job}").json == answer.json
    is_problem(ann.ask("GET", f"/jobs/{job}/output"), 409, "render-not-completed")


def test_what_is_done_is_not_cancelled_and_says_why(ann: Person) -> None:
    answer = cancel(ann, f"/jobs/{ann.has_picture()}")
    is_problem(answer, 409, "render-already-ended")
    assert answer.json["state"] == "completed"


def test_a_failed_job_is_retried_by_another_in_its_batch(ann: Person, spoilt: FakeEngine) -> None:
    asked = accepted(ann, [ann.has_photo()], LOOKS[:1])
    first = asked["jobs"][0]["id"]
    ann.pays(first)
    ann.renders(first)
    spoilt.fails = None
    answer = retry(ann, first, "k")
    assert answer.status_code == 202 and answer.headers["Location"] == f"/v1/render/jobs/{answer.json['id']}"
    second = answer.json
    assert (second["retry_of"], second["attempt"], second["batch_id"]) == (first, 2, asked["id"])
    assert ann.job(first)["retried_by"] == second["id"]
    assert retry(ann, first, "k").json == second
    is_problem(retry(ann, first), 409, "render-already-retried")
    ann.pays(second["id"])
    ann.renders(second["id"])
    now = ann.ask("GET", f"/batches/{asked['id']}").json
    assert now is not None and (now["state"], now["counts"]["completed"], now["counts"]["failed"]) == ("ended", 1, 0)


def test_a_picture_is_retried_so_often_and_no_more(ann: Person, spoilt: FakeEngine) -> None:
    assert spoilt.fails is not None
    job = failed_job(ann)
    for _ in range(MOST_ATTEMPTS - 1):
        job = retry(ann, job).json["id"]
        ann.pays(job)
        ann.renders(job)
    is_problem(retry(ann, job), 409, "retries-exhausted")
    is_problem(retry(ann, ann.ordered()), 409, "render-not-failed")


def test_of_many_who_retry_at_once_one_begins_a_job(ann: Person, app: App, spoilt: FakeEngine) -> None:
    assert spoilt.fails is not None
    job = failed_job(ann)
    people = [Person(app, ann.photos, app.web().test_client(use_cookies=False), ann.account_id) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        codes = sorted(answer.status_code for answer in pool.map(lambda person: retry(person, job), people))
    assert codes == [202, 409, 409, 409]
    assert len(ann.ask("GET", "/jobs").json["items"]) == 2  # type: ignore[index]


def test_a_cancellation_and_a_completion_at_once_have_one_winner(ann: Person, app: App) -> None:
    for _ in range(5):
        job = ann.ordered()
        ann.pays(job)
        other = Person(app, ann.photos, app.web().test_client(use_cookies=False), ann.account_id)
        with ThreadPoolExecutor(2) as pool:
            rendering = pool.submit(ann.renders, job)
            status = pool.submit(cancel, other, f"/jobs/{job}").result().status_code
            rendering.result()
        state = ann.job(job)["state"]
        output = ann.ask("GET", f"/jobs/{job}/output").status_code
        assert (status, state, output) in ((200, "cancelled", 409), (409, "completed", 200))


def test_an_erased_account_cancels_and_retries_nothing(ann: Person, app: App, spoilt: FakeEngine) -> None:
    assert spoilt.fails is not None
    waits, failed = ann.ordered(), failed_job(ann)
    with app.runtime.store.transaction() as tx:
        tx.tombstone(ann.account_id)
    is_problem(cancel(ann, f"/jobs/{waits}"), 401)
    is_problem(retry(ann, failed), 401)


def test_the_file_is_the_one_that_was_wanted(ann: Person, app: App) -> None:
    wanted = {"format": "webp", "longest": 1200, "quality": 80, "profile": "display-p3"}
    answer = ann.order(ann.has_photo(), wanted=wanted)
    assert answer.status_code == 202 and answer.json is not None and answer.json["wanted"] == wanted
    ann.pays(answer.json["id"])
    ann.renders(answer.json["id"])
    assert isinstance(app.engine, FakeEngine) and app.engine.wanted == Wanted("webp", 80, 1200, "display-p3")
    assert ann.job(answer.json["id"])["wanted"] == wanted
    assert ann.job(ann.ordered())["wanted"] == {}


def test_a_retry_wants_the_same_file(ann: Person, spoilt: FakeEngine) -> None:
    assert spoilt.fails is not None
    first = ann.order(ann.has_photo(), wanted={"format": "png"})
    assert first.json is not None
    ann.pays(first.json["id"])
    ann.renders(first.json["id"])
    assert retry(ann, first.json["id"]).json["wanted"] == {"format": "png"}


def test_a_file_that_cannot_be_is_refused(ann: Person) -> None:
    photo = ann.has_photo()
    answer = ann.order(photo, preset="cutout-transparent", wanted={"format": "jpeg"})
    is_problem(answer, 422, "format-without-transparency")
    assert answer.json is not None and (answer.json["preset"], answer.json["format"]) == ("cutout-transparent", "jpeg")
    wrongs: list[Any] = [{"format": "gif"}, {"quality": 0}, {"quality": 101}, {"longest": 63}, {"longest": 4097}]
    wrongs += [{"longest": True}, {"longest": "100"}, {"profile": "cmyk"}, {"surprise": 1}, None, [], {"format": None}]
    for wrong in wrongs:
        is_problem(ann.order(photo, wanted=wrong), 422)
    headers = {"Idempotency-Key": "k"}
    body = {"photo_ids": [photo], "presets": LOOKS, "wanted": {"format": "jpeg"}}
    is_problem(ann.ask("POST", "/batches", headers, json=body), 422, "format-without-transparency")
    assert ann.ask("GET", "/jobs").json["items"] == []  # type: ignore[index]


def test_jobs_are_found_by_photo_preset_state_and_time(ann: Person, bob: Person) -> None:
    first, second = ann.has_photo(), ann.has_photo()
    asked = accepted(ann, [first, second], LOOKS[:2])
    bob.ordered()
    cancelled = asked["jobs"][0]
    cancel(ann, f"/jobs/{cancelled['id']}")

    def found(**query: str) -> set[str]:
        answer = ann.ask("GET", "/jobs", query_string=query)
        assert answer.status_code == 200 and answer.json is not None, answer.text
        return {job["id"] for job in answer.json["items"]}

    everything = {job["id"] for job in asked["jobs"]}
    assert found() == everything
    assert found(photo_id=first) == {job["id"] for job in asked["jobs"] if job["photo_id"] == first}
    assert found(preset=LOOKS[1]) == {job["id"] for job in asked["jobs"] if job["preset"] == LOOKS[1]}
    assert found(state="cancelled") == {cancelled["id"]} and found(state="completed") == set()
    at = asked["requested_at"]
    assert found(since=at) == everything and found(until=at) == set()
    for wrong in ({"state": "lost"}, {"photo_id": "x"}, {"since": "yesterday"}, {"since": "2026-01-01T00:00:00"}):
        is_problem(ann.ask("GET", "/jobs", query_string=wrong), 422)
