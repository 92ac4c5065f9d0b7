"""U1: many pictures by one request, and how far each is."""

import pytest

from tests.journey.demo import sample
from tests.journey.person import Person, until
from tests.policy.conftest import Evidence

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
shows = pytest.mark.shows


@shows("U1", "batch")
def test_one_photo_by_many_presets_is_one_request(ann: Person, evidence: Evidence) -> None:
    ann.sign_in()
    ann.buy()
    photo = ann.upload(sample())["id"]
    ann.ask_render(photo, "cutout-transparent")  # render knows the photo from here on
    before = ann.balance()
    wanted = {"photo_ids": [photo], "presets": ["marketplace-white", "studio-soft"]}
    path = f"/v1/render/batches/{ann.call('POST', '/v1/render/batches', wanted)['id']}"
    batch = until(lambda: done if (done := ann.call("GET", path))["state"] == "ended" else None, "the batch ended")
    assert batch["counts"]["completed"] == 2, batch
    assert before["balance"] + before["reserved"] - batch["credits"] >= ann.balance()["balance"]
    for job in batch["jobs"]:
        assert len(ann.raw("GET", job["output"]["href"])) == job["output"]["size"]
    evidence(f"{len(batch['jobs'])} pictures by one request, {batch['credits']} credits")


@shows("U1", "progress")
def test_a_render_is_watched_as_it_runs(ann: Person, evidence: Evidence) -> None:
    ann.sign_in()
    photo = ann.upload(sample())["id"]
    job = ann.ask_render(photo, "marketplace-white")
    events = list(ann.follow(f"/v1/render/jobs/{job['id']}"))
    names = [name for name, _ in events]
    assert (names[0], names[-1]) == ("requested", "completed")
    percents = [data["percent"] for name, data in events if name == "progress"]
    assert len(percents) >= 4 and percents == sorted(percents)
    evidence(f"{len(events)} events as it ran: {', '.join(str(each) for each in percents)} %, then {names[-1]}")
