"""Many at once: each effect happens once, or exactly as often as there is something to pay it with."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from uuid import uuid4

import pytest
import urllib3

from tests.attacks.people import Somebody, newcomer
from tests.attacks.wire import Answer, Wire, check_refusal
from tests.journey.demo import ROOT, sample
from tests.journey.evidence import gather
from tests.journey.person import NeverHappened, Person, Refused, until
from tests.journey.running import RunningSuite

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
T = TypeVar("T")
MANY = 20


def at_once(count: int, work: Callable[[int], T]) -> list[T]:
    """Run `work` in as many threads, which all begin at the same moment."""
    gate = threading.Barrier(count)

    def begin(number: int) -> T:
        gate.wait()
        return work(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(begin, range(count)))


def patiently(ask: Callable[[], Answer]) -> Answer:
    """Asked again while the first request with the key still runs, or the service is busy, as a client would."""
    give_up = time.monotonic() + 60
    while True:
        answer = ask()
        busy = answer.status == 503 or (answer.status == 409 and b"idempotency-key-in-use" in answer.body)
        if not busy or time.monotonic() > give_up:
            return answer
        time.sleep(0.1)


def test_twenty_sign_ups_with_one_address_make_one_account(suite: RunningSuite, wire: Wire) -> None:
    person = suite.person()
    details = {"email": person.email, "password": person.password, "country": "DE", "birth_date": "1990-04-01"}

    def register(_: int) -> Answer:
        key = uuid4().hex
        return patiently(lambda: wire.send("POST", "/v1/identity/accounts", details, Idempotency_Key=key))

    answers = at_once(MANY, register)
    assert {answer.status for answer in answers} == {202}
    assert {answer.body for answer in answers} == {b'{"status":"received"}'}
    until(lambda: person.mails() or None, "a mail came")
    token = until(person._mailed_token, "the verification mail came")
    person.call("POST", "/v1/identity/accounts/verification", {"token": token})
    ids = set()
    for _ in range(3):
        person.sign_in()
        ids.add(person.account_id)
    assert len(ids) == 1


def test_twenty_purchases_with_one_key_are_one_payment(suite: RunningSuite, wire: Wire) -> None:
    ann, key = newcomer(suite), uuid4().hex

    def buy(_: int) -> Answer:
        headers = {"Authorization": ann.bearer, "Idempotency_Key": key}
        return patiently(lambda: wire.send("POST", "/v1/billing/purchases", {"pack": "starter"}, **headers))

    answers = at_once(MANY, buy)
    assert {answer.status for answer in answers} == {201}, Counter(answer.status for answer in answers)
    assert len({answer.body for answer in answers}) == 1
    assert len(ann.person.call("GET", "/v1/billing/purchases")["items"]) == 1
    intent = answers[0].problem["payment_intent"]
    places = suite.places
    listed = urllib3.request(
        "GET",
        f"{places.stripe}/v1/payment_intents?limit=100",
        headers={"Authorization": f"Bearer {places.stripe_key}"},
        retries=False,
    ).json()
    mine = [each["id"] for each in listed["data"] if ann.person.account_id in str(each) or each["id"] == intent]
    assert mine == [intent]


def test_twenty_renders_with_credits_for_ten_reserve_ten(suite: RunningSuite, wire: Wire) -> None:
    ann = newcomer(suite)
    photo = ann.person.upload(sample())["id"]
    ann.person.buy("starter")
    ann.person.ask_render(photo, "cutout-transparent")  # render knows the photo from here on

    def render(_: int) -> Answer:
        body, key = {"photo_id": photo, "preset": "cutout-transparent"}, uuid4().hex
        return patiently(
            lambda: wire.send("POST", "/v1/render/jobs", body, Authorization=ann.bearer, Idempotency_Key=key)
        )

    assert {answer.status for answer in at_once(MANY - 1, render)} == {202}

    def decided() -> Counter[str] | None:
        balance = ann.person.balance()
        assert balance["balance"] >= 0 and balance["reserved"] >= 0, balance
        items = ann.person.call("GET", "/v1/render/jobs?limit=100")["items"]
        states = Counter(item["state"] for item in items)
        return states if states["failed"] == 10 else None

    states = until(decided, "half of the renders were refused")
    entries = ann.person.call("GET", "/v1/billing/ledger?limit=100")["items"]
    assert Counter(entry["kind"] for entry in entries)["reservation"] == 10, states
    assert min(entry["balance"] for entry in entries) == 0
    assert ann.person.balance()["balance"] == 0


def test_of_many_erasure_requests_one_is_active(suite: RunningSuite, wire: Wire) -> None:
    ann = newcomer(suite)

    def ask(_: int) -> Answer:
        body, key = {"type": "erasure", "immediate": False}, uuid4().hex
        return patiently(
            lambda: wire.send("POST", "/v1/privacy/requests", body, Authorization=ann.bearer, Idempotency_Key=key)
        )

    answers = at_once(MANY, ask)
    assert Counter(answer.status for answer in answers) == {202: 1, 409: MANY - 1}
    for answer in answers:
        if answer.status == 409:
            check_refusal(answer, 409, secrets=[ann.person.email])
    assert len(ann.person.call("GET", "/v1/privacy/requests")["items"]) == 1


def keep_doing(person: Person, work: Callable[[], Any], done: threading.Event, seen: list[int]) -> None:
    """Again and again until told to stop; refusals are noted, and none may be a 5xx."""
    while not done.is_set():
        try:
            work()
        except Refused as refused:
            seen.append(refused.status)
            time.sleep(0.05)
        except NeverHappened:
            return


def test_an_erasure_under_uploads_renders_exports_and_sign_ins_leaves_nothing(suite: RunningSuite) -> None:
    ann = newcomer(suite)
    photo = ann.person.upload(sample())["id"]
    ann.person.buy("studio")
    ann.person.render(photo, "cutout-transparent")
    request_id, token, seen = _erased_while_busy(suite, ann, photo)
    assert not [status for status in seen if status >= 500], Counter(seen)
    assert ann.person.certificate(request_id, token)

    def nothing() -> bool | None:
        left = gather(ROOT, suite.var, suite.port, ann.person.account_id)
        return True if (left.keys, left.objects, left.unexpected_rows()) == (0, 0, {}) else None

    try:
        until(nothing, "nothing was left", 10)
    except NeverHappened:
        raise AssertionError(gather(ROOT, suite.var, suite.port, ann.person.account_id)) from None
    with pytest.raises(Refused) as refused:
        ann.person.sign_in()
    assert refused.value.status == 401


def _erased_while_busy(suite: RunningSuite, ann: Somebody, photo: str) -> tuple[str, str, list[int]]:
    def like_ann() -> Person:
        other = Person(suite.places, ann.person.email)
        other.password, other.token = ann.person.password, ann.person.token
        return other

    uploads, renders, exports, entering = (like_ann() for _ in range(4))
    body = {"photo_id": photo, "preset": "cutout-transparent"}
    works: list[tuple[Person, Callable[[], Any]]] = [
        (uploads, lambda: uploads.upload(sample())),
        (renders, lambda: renders.call("POST", "/v1/render/jobs", body)),
        (exports, lambda: exports.call("POST", "/v1/privacy/requests", {"type": "access"})),
        (entering, entering.sign_in),
    ]
    done, seen = threading.Event(), list[int]()
    threads = [threading.Thread(target=keep_doing, args=(who, work, done, seen), daemon=True) for who, work in works]
    for thread in threads:
        thread.start()
    try:
        time.sleep(1.0)
        request_id, token = ann.person.ask_erasure()
        names = [name for name, _ in ann.person.watch(request_id, token)]
        time.sleep(0.5)
    finally:
        done.set()
        for thread in threads:
            thread.join(timeout=130)
    assert names[-1] == "completed", names
    return request_id, token, seen
