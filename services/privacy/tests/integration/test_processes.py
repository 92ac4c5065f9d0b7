"""privacy as it runs: web and worker as processes, on real PostgreSQL, NATS and S3, among simulated services."""

import io
import json
import time
import zipfile
from uuid import uuid4

import pytest

from nexoraz.local.testing.real import Bucket
from nexoraz.privacy import verify
from services.privacy.tests.integration.bus import Others
from services.privacy.tests.integration.suite import Suite, until

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]
EVERYBODY = ["assets", "billing", "identity", "privacy", "render"]


def state_of(suite: Suite, request_id: str, token: str) -> str:
    return str(suite.json("GET", f"/requests/{request_id}", Authorization=f"Bearer {token}")["state"])


def test_an_erasure_from_the_request_to_the_certificate(suite: Suite, others: Others) -> None:
    account = str(uuid4())
    body = {"type": "erasure", "immediate": True}
    asked = suite.json("POST", "/requests", body, **suite.bearer(account))
    token = {"Authorization": f"Bearer {asked['token']}"}
    status, live = suite.call("GET", f"/requests/{asked['id']}/events", **token)
    assert status == 200
    lines = live.decode().split("\n")
    assert [line for line in lines if line.startswith("event: ")][-1] == "event: completed"
    names = [
        json.loads(line[6:])["participant"] for line in lines if line.startswith("data: ") and '"begun_at"' in line
    ]
    assert sorted(names) == EVERYBODY
    assert names[-1] == "identity"
    status, file = suite.call("GET", f"/requests/{asked['id']}/certificate", **token)
    assert status == 200
    certificate = verify.check(file, suite.json("GET", "/keys")["keys"])
    assert certificate["totals"]["residue"] == 0
    assert certificate["request"]["outcome"] == "completed"
    own = next(answer for answer in certificate["participants"] if answer["participant"] == "privacy")
    assert {line["store"]: line["erased"] for line in own["lines"]}["account_requests"] == 1
    assert own["keys_destroyed"] >= 1
    assert others.heard == [
        ("erasure-requested", ["assets", "billing", "privacy", "render"]),
        ("erasure-requested", ["identity"]),
        ("residue-scan-requested", EVERYBODY),
    ]
    assert suite.call("GET", "/requests", **suite.bearer(account))[0] == 401


def test_an_export_from_the_request_to_the_archive(suite: Suite, others: Others, s3: Bucket) -> None:
    account = str(uuid4())
    session = suite.bearer(account)
    asked = suite.json("POST", "/requests", {"type": "access"}, **session)
    until(lambda: state_of(suite, asked["id"], asked["token"]) == "completed")
    status, raw = suite.call("GET", f"/requests/{asked['id']}/archive", **session)
    assert status == 200
    archive = zipfile.ZipFile(io.BytesIO(raw))
    assert archive.testzip() is None
    assert json.loads(archive.read("data/assets/photos.json")) == [{"id": "1", "title": "A blue cup"}]
    assert archive.read("files/assets/photos/cup.jpg").startswith(b"\xff\xd8picture")
    assert json.loads(archive.read("data/privacy/account_requests.json"))[0]["request_id"] == asked["id"]
    status, piece = suite.call("GET", f"/requests/{asked['id']}/archive", Range="bytes=10-19", **session)
    assert (status, piece) == (206, raw[10:20])

    def parts_left() -> list[str]:
        found = s3.client().list_objects(s3.bucket, f"{account}/parts/", recursive=True, include_version=True)
        return [str(entry.object_name) for entry in found]

    until(lambda: parts_left() == [])


def test_answers_said_twice_have_one_effect(suite: Suite, others: Others) -> None:
    others.twice = True
    asked = suite.json("POST", "/requests", {"type": "erasure", "immediate": True}, **suite.bearer(str(uuid4())))
    until(lambda: state_of(suite, asked["id"], asked["token"]) in ("completed", "partially-retained"))
    assert others.heard.count(("erasure-requested", ["identity"])) == 1


def test_a_killed_worker_loses_nothing(suite: Suite, others: Others) -> None:
    others.silent = {"render"}
    asked = suite.json("POST", "/requests", {"type": "erasure", "immediate": True}, **suite.bearer(str(uuid4())))
    time.sleep(1.0)
    suite.kill("worker")
    body = {"request_id": asked["id"], "participant": "render"}
    assert state_of(suite, asked["id"], asked["token"]) == "running"
    others.silent = set()
    others.say("render", "erasure-receipted", asked["id"], body | RENDER_RECEIPT)
    suite.start("worker")
    until(lambda: state_of(suite, asked["id"], asked["token"]) in ("completed", "partially-retained"))


RENDER_RECEIPT = {
    "outcome": "nothing-held", "lines": [], "begun_at": "2025-11-03T10:00:01Z", "keys_destroyed": 0,
    "keys_destroyed_at": "2025-11-03T10:00:01Z", "key_epoch": 1, "key_digest": "", "bus_purged": 0,
}  # fmt: skip


def test_what_is_said_in_another_name_counts_for_nothing(suite: Suite, others: Others) -> None:
    others.silent = {"render"}
    asked = suite.json("POST", "/requests", {"type": "erasure", "immediate": True}, **suite.bearer(str(uuid4())))
    token = {"Authorization": f"Bearer {asked['token']}"}
    until(lambda: suite.json("GET", f"/requests/{asked['id']}", **token)["waiting_for"] == ["render"])
    body = {"request_id": asked["id"], "participant": "render"}
    others.say("assets", "erasure-receipted", asked["id"], body | RENDER_RECEIPT)
    time.sleep(2.0)
    assert suite.json("GET", f"/requests/{asked['id']}", **token)["waiting_for"] == ["render"]


def test_personal_values_and_secrets_are_in_no_log(suite: Suite, others: Others) -> None:
    asked = suite.json("POST", "/requests", {"type": "access"}, **suite.bearer(str(uuid4())))
    until(lambda: state_of(suite, asked["id"], asked["token"]) == "completed")
    log = suite.log.read_text()
    assert asked["token"] not in log
    assert "blue cup" not in log
