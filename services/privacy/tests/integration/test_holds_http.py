"""Hard case "partial hold": one purchase is held, the account erased, the hold released, the certificate amended."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace as changed
from sqlalchemy import text
from werkzeug.test import TestResponse

from nexoraz.privacy import verify
from nexoraz.privacy.domain.amendment import RecordsErased
from nexoraz.privacy.domain.events import RetentionNoted
from nexoraz.privacy.domain.state import Request
from nexoraz.privacy.domain.vocabulary import Answer, ReceiptLine, State
from nexoraz.privacy.projections.holds import hold_of
from services.privacy.tests import examples as x
from services.privacy.tests.integration.driver import Coordinator

pytestmark = pytest.mark.real

BASIS = "legal-claim (GDPR Art. 17(3)(e))"
KEPT = ReceiptLine("user.financial", "purchases", 1, 0, 1, 0, BASIS, "2031-01-01T00:00:00Z")
REASON = "Ms Example sues; case 4711"


@pytest.fixture(autouse=True)
def announced(coordinator: Coordinator) -> None:
    coordinator.announce()


def place(coordinator: Coordinator, account: str, **how: Any) -> TestResponse:
    until = (coordinator.clock() + timedelta(days=90)).isoformat()
    body = {"account_id": account, "participant": "billing", "store": "purchases", "record_id": "p1"}
    return coordinator.as_operator("POST", "/holds", body | {"basis": BASIS, "reason": REASON, "until": until} | how)


def placed(coordinator: Coordinator, account: str, **how: Any) -> str:
    answer = place(coordinator, account, **how)
    assert answer.status_code == 201 and answer.json is not None, answer.text
    say(coordinator, answer.json["id"], "placed", 1)
    return str(answer.json["id"])


def say(coordinator: Coordinator, hold_id: str, outcome: str, records: int) -> None:
    with coordinator.app.runtime.store.transaction() as tx:
        coordinator.app.use_cases.answers.hold_answered(tx, "billing", "billing", hold_id, outcome, records)


def seen(coordinator: Coordinator, hold_id: str) -> dict[str, Any]:
    answer = coordinator.as_operator("GET", "/holds")
    assert answer.json is not None
    return next(item for item in answer.json["items"] if item["id"] == hold_id)


def erase(coordinator: Coordinator, account: str) -> dict[str, Any]:
    asked: dict[str, Any] = coordinator.ask(account, "erasure", immediate=True).json or {}
    return asked


def state(coordinator: Coordinator, request_id: str) -> Request:
    return coordinator.state(request_id)


def test_partial_hold_is_kept_told_released_and_amended(coordinator: Coordinator, tmp_path: Any) -> None:
    account = str(uuid4())
    hold_id = placed(coordinator, account)
    asked = erase(coordinator, account)
    for name in ("assets", "render", "privacy"):
        coordinator.receipt(asked["id"], name)
    billing = changed(x.receipt("billing", Answer.PARTIALLY_RETAINED), lines=(KEPT,))
    with coordinator.app.runtime.store.transaction() as tx:
        coordinator.app.use_cases.answers.receipt(tx, "billing", "r-billing", asked["id"], billing)
    coordinator.receipt(asked["id"], "identity")
    for name in ("identity", "assets", "render", "billing", "privacy"):
        coordinator.scan(asked["id"], name)
    coordinator.run_tasks()
    assert state(coordinator, asked["id"]).state is State.PARTIALLY_RETAINED
    released = coordinator.as_operator("POST", f"/holds/{hold_id}/release")
    assert released.json is not None and released.json["state"] == "ending"
    gone = RecordsErased("billing", (ReceiptLine("user.financial", "purchases", 1, 1, 0, 0),), "2026-01-01T00:00:00Z")
    for _ in range(2):  # the message may come twice
        with coordinator.app.runtime.store.transaction() as tx:
            coordinator.app.use_cases.answers.records_erased(tx, "billing", hold_id, asked["id"], gone)
        coordinator.run_tasks()
    say(coordinator, hold_id, "released", 1)
    assert seen(coordinator, hold_id)["state"] == "released"
    files = {}
    for name in ("certificate", "certificate/amendments"):
        answer = coordinator.get(f"/requests/{asked['id']}/{name}", token=asked["token"])
        assert answer.status_code == 200
        file = tmp_path / f"{name.replace('/', '-')}.json"
        file.write_bytes(answer.data)
        files[name] = file
    amendments = json.loads(files["certificate/amendments"].read_bytes())["amendments"]
    assert len(amendments) == 1 and "purchases" in json.dumps(amendments)
    arguments = [str(files["certificate"]), str(files["certificate/amendments"])]
    assert verify.main(arguments) == verify.GENUINE
    files["certificate/amendments"].write_bytes(
        files["certificate/amendments"].read_bytes().replace(b"purchases", b"purchasez")
    )
    assert verify.main(arguments) == verify.NOT_GENUINE


def test_the_person_sees_that_something_is_held_and_on_which_basis(coordinator: Coordinator) -> None:
    account = str(uuid4())
    placed(coordinator, account)
    shown = coordinator.get("/holds", account)
    assert shown.json is not None
    [own] = shown.json["items"]
    assert (own["basis"], own["participant"], own["store"]) == (BASIS, "billing", "purchases")
    assert REASON not in shown.text
    others = coordinator.get("/holds", str(uuid4())).json
    assert others == {"items": []}


def test_what_a_law_forbids_to_tell_is_not_told(coordinator: Coordinator) -> None:
    account = str(uuid4())
    hold_id = placed(coordinator, account, told=False)
    assert coordinator.get("/holds", account).json == {"items": []}
    looks = coordinator.get("/requests/accesses", account).json
    assert looks is not None and looks["items"] == []
    assert seen(coordinator, hold_id)["told"] is False


def test_no_erasure_begins_before_the_participant_has_answered(coordinator: Coordinator) -> None:
    account = str(uuid4())
    answer = place(coordinator, account)
    assert answer.json is not None
    asked = erase(coordinator, account)
    assert state(coordinator, asked["id"]).state is State.GRACE
    say(coordinator, answer.json["id"], "placed", 1)
    coordinator.let_time_pass(seconds=5)
    coordinator.run_tasks()
    assert state(coordinator, asked["id"]).state is State.RUNNING


def test_after_the_erasure_began_a_hold_is_refused_with_the_request(coordinator: Coordinator) -> None:
    account = str(uuid4())
    asked = erase(coordinator, account)
    refused = place(coordinator, account)
    assert refused.status_code == 409 and refused.json is not None
    assert refused.json["request_id"] == asked["id"]


@pytest.mark.parametrize("outcome", ["not-found", "not-supported", "account-erased"])
def test_a_hold_that_could_not_be_placed_is_told_to_the_operator(coordinator: Coordinator, outcome: str) -> None:
    account = str(uuid4())
    answer = place(coordinator, account)
    assert answer.json is not None
    assert seen(coordinator, answer.json["id"])["state"] == "asked"
    say(coordinator, answer.json["id"], outcome, 0)
    told = seen(coordinator, answer.json["id"])
    assert (told["state"], told["outcome"]) == ("refused", outcome)
    assert coordinator.get("/holds", account).json == {"items": []}


def test_a_hold_ends_by_itself_when_its_time_is_over(coordinator: Coordinator) -> None:
    hold_id = placed(coordinator, str(uuid4()))
    coordinator.app.use_cases.holds.release_expired()
    assert seen(coordinator, hold_id)["state"] == "placed"
    coordinator.clock.advance(days=91)
    coordinator.app.use_cases.holds.release_expired()
    coordinator.app.use_cases.holds.release_expired()
    with coordinator.app.runtime.engine.connect() as connection:
        ended = hold_of(connection, hold_id)
        said = connection.execute(text("SELECT data->>'by' FROM events WHERE type LIKE 'hold-released%'")).scalars()
        assert list(said) == ["expiry"]
    assert ended is not None and ended.state == "ending"


def test_a_repeated_call_places_one_hold(coordinator: Coordinator) -> None:
    account = str(uuid4())
    until = (coordinator.clock() + timedelta(days=90)).isoformat()
    body = {"account_id": account, "participant": "billing", "category": "user.financial"}
    body |= {"basis": BASIS, "reason": REASON, "until": until}
    ids = {
        (coordinator.as_operator("POST", "/holds", body, **{"Idempotency-Key": "once"}).json or {})["id"]
        for _ in range(2)
    }
    assert len(ids) == 1


@pytest.mark.parametrize(
    "how", [{"record_id": ""}, {"category": "user"}, {"store": "", "record_id": ""}, {"participant": "post"}]
)
def test_what_names_nothing_or_too_much_is_refused(coordinator: Coordinator, how: dict[str, str]) -> None:
    assert place(coordinator, str(uuid4()), **how).status_code == 422


def test_only_operators_hold_and_every_use_is_recorded(coordinator: Coordinator) -> None:
    account = str(uuid4())
    hold_id = placed(coordinator, account)
    coordinator.as_operator("POST", f"/holds/{hold_id}/release")
    assert coordinator.as_operator("POST", f"/holds/{uuid4()}/release").status_code == 404
    bearer = coordinator.headers(account)
    purpose = {"Nexoraz-Purpose": "audit"}
    assert coordinator.client.get("/v1/privacy/admin/holds", headers=bearer | purpose).status_code == 403
    with coordinator.app.runtime.engine.connect() as connection:
        rows = connection.execute(text("SELECT data FROM events WHERE type LIKE 'operator-access%' ORDER BY position"))
        actions = [(row.data["action"], row.data["refused"]) for row in rows]
    assert actions == [("place-hold", False), ("release-hold", False), ("release-hold", True)]


def test_the_reason_is_nowhere_in_plaintext(coordinator: Coordinator) -> None:
    placed(coordinator, str(uuid4()))
    with coordinator.app.runtime.engine.connect() as connection:
        everything = connection.execute(text("SELECT string_agg(data::text, ' ') FROM events")).scalar_one()
        holds = connection.execute(text("SELECT string_agg(holds::text, ' ') FROM holds")).scalar_one()
    assert "4711" not in everything + holds


def test_operators_read_what_the_retention_rules_ended(coordinator: Coordinator) -> None:
    for n in (2, 3):
        noted = RetentionNoted("billing", "billing-records", "purchases", "erase", n, f"2036-01-0{n}T00:00:00Z")
        with coordinator.app.runtime.store.transaction() as tx:
            coordinator.app.use_cases.answers.retention_applied(tx, "billing", str(uuid4()), noted)
    answer = coordinator.as_operator("GET", "/retention")
    assert answer.json is not None
    [line] = answer.json["items"]
    assert (line["records"], line["last_records"], line["last_at"]) == (5, 3, "2036-01-03T00:00:00Z")
