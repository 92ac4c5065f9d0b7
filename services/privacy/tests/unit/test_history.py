"""What is remembered of a request, and what its certificate says of each step, word for word."""

from datetime import UTC, datetime, timedelta, timezone

from nexoraz.privacy.domain import events as e
from nexoraz.privacy.domain.attention import SILENCE, concerns
from nexoraz.privacy.domain.canonical import Json
from nexoraz.privacy.domain.certificate import Issue, certificate
from nexoraz.privacy.domain.deadline import one_month_after
from nexoraz.privacy.domain.participants import participant
from nexoraz.privacy.domain.request import request
from nexoraz.privacy.domain.state import NO_REQUEST
from nexoraz.privacy.domain.vocabulary import Concern, State
from services.privacy.tests import examples as x

AT = "2025-11-03T10:00:00.000000Z"
EVERYBODY = sorted(x.FIVE)
ISSUE = Issue(7, "before", x.NOW, "https://nexoraz.test", {"kid": "k"})
LATER = x.NOW + timedelta(minutes=1)


def step(name: str, *participants: str, **more: str) -> Json:
    return {"step": name, "at": AT, **({"participants": list(participants)} if participants else {}), **more}


def test_a_certificate_tells_every_step_with_its_time_and_whom_it_was_about() -> None:
    assert certificate(x.PROVEN, ISSUE)["steps"] == [
        step("received"),
        step("verified"),
        step("grace-waived"),
        step("started", *EVERYBODY),
        step("erasure-asked", *x.OTHERS),
        *(step("receipt-taken", name) for name in x.OTHERS),
        step("erasure-asked", "identity"),
        step("receipt-taken", "identity"),
        step("scan-asked", *EVERYBODY),
        *(step("scan-taken", name) for name in EVERYBODY),
        step("proven"),
    ]


def test_a_certificate_tells_how_long_there_was_grace() -> None:
    history = tuple(x.in_grace if event is x.waived else event for event in x.PROVEN)
    assert certificate(history, ISSUE)["steps"][2] == step("grace-started", until="2025-11-06T10:00:00.000000Z")


def test_a_certificate_names_the_request_its_place_in_the_chain_and_its_issuer() -> None:
    document = certificate(x.PROVEN, ISSUE)
    assert document["request"] == {
        "id": x.REQUEST,
        "account_id": x.ACCOUNT,
        "type": "erasure",
        "policy_version": "2025-10-15",
        "outcome": "completed",
    }
    assert (document["number"], document["previous_sha256"], document["issued_at"]) == (7, "before", AT)
    assert (document["issuer"], document["key"]) == ("https://nexoraz.test", {"kid": "k"})


def test_a_certificate_holds_each_receipt_and_scan_whole() -> None:
    (assets, *_) = certificate(x.PROVEN, ISSUE)["participants"]
    line = {"category": "user.contact", "store": "assets.rows", "found": 3, "erased": 3, "retained": 0, "left": 0}
    assert assets == {
        "participant": "assets",
        "outcome": "erased",
        "lines": (line | {"basis": "", "until": ""},),
        "begun_at": "2025-11-03T10:00:01Z",
        "keys_destroyed": 2,
        "keys_destroyed_at": "2025-11-03T10:00:02Z",
        "key_epoch": 1,
        "key_digest": x.DIGEST,
        "bus_purged": 4,
        "scan": {"residue": 0, "lines": ({"store": "assets.rows", "found": 0, "retained": 0},)},
    }


def test_a_new_answer_takes_back_the_scan_and_the_proof() -> None:
    state = request.fold((*x.PROVEN, x.receipt_taken("assets", message="second")))
    assert state.proven is False
    assert state.ready_at is None
    assert "assets" not in state.scans
    assert "assets" not in state.scans_asked
    assert set(state.scans) == x.FIVE - {"assets"}
    assert {"second", "receipt-assets", "scan-render"} <= state.seen


def test_the_end_is_remembered_with_its_time_and_its_reason() -> None:
    taken_back = request.fold(
        (x.received, x.verified, x.in_grace, e.RequestWithdrawn(x.REQUEST, x.received.type, LATER))
    )
    assert (taken_back.state, taken_back.ended_at) == (State.WITHDRAWN, LATER)
    assert taken_back.account_id == x.ACCOUNT
    denied = request.fold((*x.RUNNING, e.RequestDenied(x.REQUEST, x.received.type, "account-erased", LATER)))
    assert (denied.state, denied.ended_at, denied.denial) == (State.DENIED, LATER, "account-erased")
    assert denied.participants == x.started.participants
    done = request.fold((*x.PROVEN, x.completed))
    assert (done.state, done.ended_at) == (State.COMPLETED, x.NOW)
    assert (done.certificate_number, done.certificate_sha256) == (1, x.DIGEST)
    assert done.receipts.keys() == x.FIVE


def test_an_answer_of_one_stage_is_no_answer_of_another() -> None:
    state = request.fold((*x.OTHERS_DONE, x.receipt_taken("identity"), x.scan_asked))
    assert concerns(state, x.NOW + SILENCE) == (Concern("participant-silent", tuple(EVERYBODY)),)
    state = request.fold((*x.RUNNING, x.receipt_taken("assets")))
    assert concerns(state, x.NOW + SILENCE) == (Concern("participant-silent", ("billing", "privacy", "render")),)


def test_the_deadline_is_counted_in_utc_wherever_the_clock_stands() -> None:
    auckland = timezone(timedelta(hours=13))
    assert one_month_after(datetime(2025, 11, 4, 5, tzinfo=auckland)) == datetime(2025, 12, 4, tzinfo=UTC)


def test_what_is_not_about_a_participant_leaves_its_data_map_known() -> None:
    assert participant.fold((x.announced, x.waived)) == x.DIGEST


def test_events_of_others_change_no_request() -> None:
    assert request.fold((x.announced,)) == NO_REQUEST
