"""An erasure as its person sees it: over HTTP, on the real database."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from nexoraz.privacy import verify
from nexoraz.privacy.adapters.signatures import NotGenuine
from nexoraz.privacy.domain.vocabulary import Answer
from services.privacy.tests.integration.driver import PARTICIPANTS, Coordinator, live_events

pytestmark = pytest.mark.real


def test_an_erasure_runs_to_its_certificate(coordinator: Coordinator) -> None:
    account = str(uuid4())
    coordinator.announce()
    asked = coordinator.ask(account, "erasure", immediate=True)
    assert asked.status_code == 202
    assert asked.json is not None
    request_id, token = asked.json["id"], asked.json["token"]
    assert asked.headers["Location"] == f"/v1/privacy/requests/{request_id}"
    assert asked.json["state"] == "running"
    assert asked.json["waiting_for"] == ["assets", "billing", "privacy", "render"]
    coordinator.erase_everywhere(request_id)

    shown = coordinator.get(f"/requests/{request_id}", token=token).json
    assert shown is not None
    assert shown["state"] == "completed"
    assert {p["name"]: (p["answer"], p["residue"]) for p in shown["participants"]} == dict.fromkeys(
        PARTICIPANTS, ("erased", 0)
    )
    assert shown["attention"] == []
    file = coordinator.get(f"/requests/{request_id}/certificate", token=token)
    keys = coordinator.client.get("/v1/privacy/keys").json
    assert keys is not None
    certificate = verify.check(file.data, keys["keys"])
    assert certificate["request"]["id"] == request_id
    assert shown["certificate"]["number"] == certificate["number"] == 1


def test_certificates_are_a_chain(coordinator: Coordinator) -> None:
    files = []
    for _ in range(3):
        asked = coordinator.ask(str(uuid4()), "erasure", immediate=True).json
        assert asked is not None
        coordinator.erase_everywhere(asked["id"])
        files.append(coordinator.get(f"/requests/{asked['id']}/certificate", token=asked["token"]).data)
    assert [verify.check(file)["number"] for file in files] == [1, 2, 3]
    assert verify.check(files[1], previous=files[0])
    assert verify.check(files[2], previous=files[1])
    with pytest.raises(NotGenuine):
        verify.check(files[2], previous=files[0])


def test_the_live_stream_tells_the_history_and_ends_with_the_request(coordinator: Coordinator) -> None:
    asked = coordinator.ask(str(uuid4()), "erasure", immediate=True).json
    assert asked is not None
    coordinator.erase_everywhere(asked["id"])
    path = f"/requests/{asked['id']}/events"
    response = coordinator.get(path, token=asked["token"])
    assert response.mimetype == "text/event-stream"
    events = live_events(response)
    assert [name for _, name, _ in events][:5] == ["received", "verified", "grace-waived", "started", "erasure-asked"]
    assert [data["participant"] for _, name, data in events if name == "receipt"][-1] == "identity"
    assert events[-1][1] == "completed"
    assert all("account_id" not in data for _, _, data in events)
    resumed = live_events(coordinator.get(path, token=asked["token"], **{"Last-Event-ID": events[4][0]}))
    assert resumed == events[5:]
    assert coordinator.get(path, token=asked["token"], **{"Last-Event-ID": "-1"}).status_code == 400


def test_an_old_sign_in_is_refused(coordinator: Coordinator) -> None:
    refused = coordinator.ask(str(uuid4()), "erasure", signed_in_ago=timedelta(minutes=16))
    assert refused.status_code == 403
    assert refused.json is not None
    assert refused.json["type"].endswith("/sign-in-too-old")
    assert refused.json["max_age_seconds"] == 900


def test_a_second_request_of_the_same_type_names_the_active_one(coordinator: Coordinator) -> None:
    account = str(uuid4())
    first = coordinator.ask(account, "erasure").json
    assert first is not None
    again = coordinator.ask(account, "erasure", immediate=True)
    assert again.status_code == 409
    assert again.json is not None
    assert again.json["type"].endswith("/request-already-active")
    assert again.json["request_id"] == first["id"]
    assert coordinator.ask(account, "access").status_code == 202


def test_the_same_request_sent_twice_has_one_effect_and_one_answer(coordinator: Coordinator) -> None:
    account, key = str(uuid4()), "once"
    headers = {**coordinator.headers(account), "Idempotency-Key": key}
    body = {"type": "erasure"}
    first, second = (coordinator.client.post("/v1/privacy/requests", json=body, headers=headers) for _ in range(2))
    assert first.status_code == second.status_code == 202
    assert first.json == second.json
    listed = coordinator.get("/requests", account).json
    assert listed is not None
    assert len(listed["items"]) == 1


def test_within_grace_the_person_takes_it_back(coordinator: Coordinator) -> None:
    account = str(uuid4())
    asked = coordinator.ask(account, "erasure").json
    assert asked is not None
    assert asked["state"] == "grace"
    path = f"/v1/privacy/requests/{asked['id']}/withdrawal"
    for _ in range(2):
        withdrawn = coordinator.client.post(path, headers=coordinator.headers(account))
        assert withdrawn.status_code == 200
        assert withdrawn.json is not None
        assert withdrawn.json["state"] == "withdrawn"
    coordinator.let_time_pass(hours=73)
    coordinator.run_tasks()
    assert coordinator.state(asked["id"]).state == "withdrawn"
    assert coordinator.ask(account, "erasure").status_code == 202


def test_after_grace_it_runs_by_itself_and_cannot_be_taken_back(coordinator: Coordinator) -> None:
    account = str(uuid4())
    asked = coordinator.ask(account, "erasure").json
    assert asked is not None
    coordinator.let_time_pass(hours=71)
    assert coordinator.run_tasks() == 0
    coordinator.let_time_pass(hours=1)
    assert coordinator.run_tasks() == 2  # it starts, and is entered into the ledger
    assert coordinator.state(asked["id"]).running
    refused = coordinator.client.post(
        f"/v1/privacy/requests/{asked['id']}/withdrawal", headers=coordinator.headers(account)
    )
    assert refused.status_code == 409


def test_a_silent_participant_blocks_and_is_named(coordinator: Coordinator) -> None:
    account = str(uuid4())
    coordinator.announce()
    asked = coordinator.ask(account, "erasure", immediate=True).json
    assert asked is not None
    for name in ("assets", "render", "privacy"):
        coordinator.receipt(asked["id"], name)
    coordinator.let_time_pass(days=3)
    coordinator.run_tasks()
    shown = coordinator.get(f"/requests/{asked['id']}", token=asked["token"]).json
    assert shown is not None
    assert shown["state"] == "running"
    assert shown["attention"] == [{"reason": "participant-silent", "participants": ["billing"]}]
    assert coordinator.get(f"/requests/{asked['id']}/certificate", token=asked["token"]).status_code == 404


def test_a_participant_that_announced_itself_is_waited_for(coordinator: Coordinator) -> None:
    coordinator.announce(*PARTICIPANTS, "loyalty")
    asked = coordinator.ask(str(uuid4()), "erasure", immediate=True).json
    assert asked is not None
    coordinator.erase_everywhere(asked["id"])
    assert coordinator.state(asked["id"]).running
    assert coordinator.state(asked["id"]).missing_receipts == ("loyalty",)


def test_unverified_and_residue_keep_it_running_until_they_are_gone(coordinator: Coordinator) -> None:
    asked = coordinator.ask(str(uuid4()), "erasure", immediate=True).json
    assert asked is not None
    request_id = asked["id"]
    for name in ("assets", "render", "billing", "privacy", "identity"):
        coordinator.receipt(request_id, name)
    coordinator.scan(request_id, "assets", residue=3)
    for name in ("identity", "render", "billing", "privacy"):
        coordinator.scan(request_id, name)
    assert coordinator.run_tasks() == 1  # the entry into the ledger, and no certificate
    shown = coordinator.get(f"/requests/{request_id}", token=asked["token"]).json
    assert shown is not None
    assert {"reason": "residue-found", "participants": ["assets"]} in shown["attention"]
    coordinator.receipt(request_id, "assets", Answer.UNVERIFIED, message="again")
    coordinator.receipt(request_id, "assets", message="and again")
    coordinator.scan(request_id, "assets", message="clear")
    coordinator.run_tasks()
    assert coordinator.state(request_id).state == "completed"


def test_a_running_erasure_ends_an_export_and_lets_nothing_new_begin(coordinator: Coordinator) -> None:
    account = str(uuid4())
    export = coordinator.ask(account, "access").json
    assert export is not None
    erasure = coordinator.ask(account, "erasure", immediate=True).json
    assert erasure is not None
    shown = coordinator.get(f"/requests/{export['id']}", account).json
    assert shown is not None
    assert (shown["state"], shown["denial"]) == ("denied", "account-erased")
    refused = coordinator.ask(account, "access")
    assert refused.status_code == 409
    assert refused.json is not None
    assert refused.json["type"].endswith("/account-being-erased")
    coordinator.run_tasks()


def test_strangers_see_nothing_and_all_see_the_same_nothing(coordinator: Coordinator) -> None:
    mine = coordinator.ask(str(uuid4()), "erasure").json
    other = coordinator.ask(str(uuid4()), "erasure").json
    assert mine is not None
    assert other is not None
    for path in ("", "/events", "/certificate", "/archive"):
        foreign = coordinator.get(f"/requests/{mine['id']}{path}", str(uuid4()))
        unknown = coordinator.get(f"/requests/{uuid4()}{path}", str(uuid4()))
        assert foreign.status_code == unknown.status_code == 404
        assert _without_instance(foreign.data) == _without_instance(unknown.data)
    assert coordinator.get(f"/requests/{mine['id']}", token=other["token"]).status_code == 404
    assert coordinator.get(f"/requests/{mine['id']}", token="nxr_" + "A" * 43).status_code == 401
    assert coordinator.get(f"/requests/{mine['id']}/archive", token=mine["token"]).status_code == 401
    assert coordinator.client.get(f"/v1/privacy/requests/{mine['id']}").status_code == 401


def _without_instance(raw: bytes) -> dict[str, object]:
    return {name: value for name, value in json.loads(raw).items() if name != "instance"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"type": "correction"}, 422),
        ({"type": "erasure", "immediate": "perhaps"}, 422),
        ({"type": "erasure", "account_id": "another"}, 422),
        ({}, 422),
        ([], 422),
    ],
)
def test_what_is_not_understood_is_refused(coordinator: Coordinator, body: object, status: int) -> None:
    headers = {**coordinator.headers(str(uuid4())), "Idempotency-Key": "x"}
    assert coordinator.client.post("/v1/privacy/requests", json=body, headers=headers).status_code == status


def test_an_idempotency_key_is_needed(coordinator: Coordinator) -> None:
    headers = coordinator.headers(str(uuid4()))
    assert coordinator.client.post("/v1/privacy/requests", json={"type": "access"}, headers=headers).status_code == 400


def test_requests_are_listed_newest_first_and_in_pages(coordinator: Coordinator) -> None:
    account, ids = str(uuid4()), []
    for _ in range(3):
        asked = coordinator.ask(account, "erasure").json
        assert asked is not None
        ids.append(asked["id"])
        coordinator.client.post(f"/v1/privacy/requests/{asked['id']}/withdrawal", headers=coordinator.headers(account))
        coordinator.clock.advance(seconds=1)
    first = coordinator.get("/requests?limit=2", account).json
    assert first is not None
    second = coordinator.get(f"/requests?limit=2&cursor={first['next']}", account).json
    assert second is not None
    assert [item["id"] for item in [*first["items"], *second["items"]]] == ids[::-1]
    assert second["next"] is None


def test_the_policy_is_served_with_its_clauses(coordinator: Coordinator) -> None:
    policy = coordinator.client.get("/v1/privacy/policy").json
    assert policy is not None
    assert policy["version"] == "2026-11-22"
    assert policy["text"].startswith("# Privacy at Nexoraz")
    ids = [clause["id"] for clause in policy["clauses"]]
    assert len(ids) == 23
    assert all(f"({id_}" in policy["text"] or f"{id_})" in policy["text"] for id_ in ids)


def test_the_token_is_nowhere_in_the_database(coordinator: Coordinator) -> None:
    asked = coordinator.ask(str(uuid4()), "access").json
    assert asked is not None
    secret = asked["token"].removeprefix("nxr_")
    with coordinator.app.runtime.engine.connect() as connection:
        for table in ("request_tokens", "idempotency_keys", "events", "requests", "tasks"):
            rows = connection.execute(text(f"SELECT t::text FROM {table} t")).scalars().all()
            assert not any(secret in row for row in rows)


def test_of_two_requests_at_the_same_moment_one_is_received(coordinator: Coordinator) -> None:
    account = str(uuid4())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: coordinator.ask(account, "erasure"), range(8)))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 7
    listed = coordinator.get("/requests", account).json
    assert listed is not None
    assert len(listed["items"]) == 1


def test_withdrawing_and_starting_at_the_same_moment_have_one_winner(coordinator: Coordinator) -> None:
    for _ in range(5):
        account = str(uuid4())
        asked = coordinator.ask(account, "erasure").json
        assert asked is not None
        coordinator.let_time_pass(hours=72)
        path, headers = f"/v1/privacy/requests/{asked['id']}/withdrawal", coordinator.headers(account)
        with ThreadPoolExecutor(2) as pool:
            started = pool.submit(coordinator.run_tasks)
            withdrawn = pool.submit(coordinator.client.post, path, headers=headers)
            started.result()
        expected = ("running", 409) if coordinator.state(asked["id"]).running else ("withdrawn", 200)
        assert (coordinator.state(asked["id"]).state, withdrawn.result().status_code) == expected


def test_two_certifications_at_the_same_moment_make_one_certificate(coordinator: Coordinator) -> None:
    ids = []
    for _ in range(4):
        asked = coordinator.ask(str(uuid4()), "erasure", immediate=True).json
        assert asked is not None
        ids.append((asked["id"], asked["token"]))
        for name in PARTICIPANTS:
            coordinator.receipt(asked["id"], name)
        for name in PARTICIPANTS:
            coordinator.scan(asked["id"], name)
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(coordinator.run_tasks) for _ in range(4)]:
            done.result()
    files = [coordinator.get(f"/requests/{id_}/certificate", token=token).data for id_, token in ids]
    assert sorted(verify.check(file)["number"] for file in files) == [1, 2, 3, 4]


def test_nothing_is_received_once_the_account_s_erasure_began_here(coordinator: Coordinator) -> None:
    account = str(uuid4())
    with coordinator.app.runtime.store.transaction() as tx:
        tx.tombstone(account)
    refused = coordinator.ask(account, "access")
    assert refused.status_code == 409
    assert refused.json is not None
    assert refused.json["type"].endswith("/account-being-erased")


def test_a_stream_that_too_many_watch_asks_to_come_back(coordinator: Coordinator) -> None:
    asked = coordinator.ask(str(uuid4()), "erasure").json
    assert asked is not None
    path, token = f"/requests/{asked['id']}/events", asked["token"]
    watching = [coordinator.get(path, token=token) for _ in range(4)]
    refused = coordinator.get(path, token=token)
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "2"
    for each in watching:
        each.close()
    assert coordinator.get(path, token=token).status_code == 200
