"""Every documented operation, tried by everybody who must not do it."""

import base64
import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from nexoraz.service.tokens import TokenClaims, new_signing_key, sign_token
from tests.attacks.operations import ALL, Operation
from tests.attacks.people import OwnKey, Somebody, newcomer, refused_everywhere
from tests.attacks.wire import Answer, Wire, check_discreet, check_refusal
from tests.journey.running import RunningSuite

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]


@dataclass(frozen=True)
class Decision:
    """What a request gets. body: what is sent; stranger: the status for somebody signed in who has nothing of it;
    nobody: the status without a sign-in (and with any broken one, when the operation is open). follower: the token of
    a privacy request opens it, for that request."""

    stranger: int
    nobody: int = 401
    body: Any = None
    follower: bool = False


PAGE = Decision(200)
SOMEBODYS = Decision(404)
OPERATORS = Decision(403)
DECISIONS = {
    "POST /v1/identity/accounts": Decision(422, 422, {}),
    "POST /v1/identity/accounts/verification": Decision(410, 410, {"token": "of.nobody.at-all"}),
    "POST /v1/identity/accounts/verification/again": Decision(
        202, 202, {"email": "nobody@example.org", "password": "correct horse battery"}
    ),
    "POST /v1/identity/password": Decision(403, body={"current_password": "x", "password": "correct horse battery"}),
    "POST /v1/identity/password/reset": Decision(202, 202, {"email": "nobody@example.org"}),
    "POST /v1/identity/password/reset/finish": Decision(410, 410, {"token": "x", "password": "correct horse battery"}),
    "POST /v1/identity/address": Decision(422, body={"email": "no address"}),
    "POST /v1/identity/address/confirmation": Decision(410, 410, {"token": "x"}),
    "GET /v1/identity/links/{name}": Decision(404, 404),
    "POST /v1/identity/links/{name}": Decision(404, 404),
    "GET /v1/identity/profile/history": PAGE,
    "POST /v1/identity/codes": Decision(202, 202, {"email": "nobody@example.org"}),
    "POST /v1/identity/codes/exchange": Decision(401, 401, {"email": "nobody@example.org", "code": "00000000"}),
    "GET /v1/identity/keys": Decision(200, 200),
    "GET /v1/identity/profile": Decision(200),
    "PATCH /v1/identity/profile": Decision(412, body={"name": "Bob"}),
    "GET /v1/identity/passkeys": PAGE,
    "POST /v1/identity/passkeys": Decision(422, body={}),
    "POST /v1/identity/passkeys/registration": Decision(200),
    "POST /v1/identity/passkeys/challenge": Decision(200, 200),
    "DELETE /v1/identity/passkeys/{passkey_id}": SOMEBODYS,
    "GET /v1/identity/second-factor": Decision(200),
    "POST /v1/identity/second-factor": Decision(201),
    "POST /v1/identity/second-factor/confirmation": Decision(422, body={}),
    "DELETE /v1/identity/second-factor": SOMEBODYS,
    "GET /v1/identity/openid": Decision(200, 200),
    "GET /v1/identity/openid/links": PAGE,
    "POST /v1/identity/openid/{provider}/authorization": Decision(404, 404),
    "POST /v1/identity/openid/{provider}/link/authorization": SOMEBODYS,
    "POST /v1/identity/openid/{provider}/link": Decision(422, body={"handle": "x", "code": "x", "state": "x"}),
    "DELETE /v1/identity/openid/{provider}/link": SOMEBODYS,
    "POST /v1/identity/sessions/openid": Decision(422, 422, {}),
    "POST /v1/identity/sessions/passkey": Decision(422, 422, {}),
    "POST /v1/identity/sessions": Decision(401, 401, {"email": "nobody@example.org", "password": "wrong password"}),
    "POST /v1/identity/sessions/refresh": Decision(401, 401, {"refresh_token": "of-nobody"}),
    "GET /v1/identity/sessions": PAGE,
    "DELETE /v1/identity/sessions": Decision(204),
    "DELETE /v1/identity/sessions/current": Decision(204),
    "DELETE /v1/identity/sessions/{session_id}": SOMEBODYS,
    "GET /v1/assets/photos": PAGE,
    "POST /v1/assets/photos": Decision(415, body={}),
    "GET /v1/assets/photos/{photo_id}": SOMEBODYS,
    "PATCH /v1/assets/photos/{photo_id}": Decision(404, body={"title": "Mine now"}),
    "DELETE /v1/assets/photos/{photo_id}": SOMEBODYS,
    "GET /v1/assets/photos/{photo_id}/content": SOMEBODYS,
    "GET /v1/assets/photos/{photo_id}/history": SOMEBODYS,
    "GET /v1/assets/photos/{photo_id}/thumbnail": SOMEBODYS,
    "POST /v1/assets/selection": Decision(404, body={"photo_ids": ["{photo_id}"]}),
    "GET /v1/assets/bin": PAGE,
    "GET /v1/assets/search": Decision(422),
    "GET /v1/assets/usage": PAGE,
    "GET /v1/assets/albums": PAGE,
    "POST /v1/assets/albums": Decision(404, body={"name": "Mine now", "photo_ids": ["{photo_id}"]}),
    "GET /v1/assets/albums/{album_id}": SOMEBODYS,
    "PUT /v1/assets/albums/{album_id}": Decision(404, body={"name": "Mine now", "photo_ids": []}),
    "DELETE /v1/assets/albums/{album_id}": SOMEBODYS,
    "GET /v1/assets/training": PAGE,
    "PUT /v1/assets/training": Decision(412, body={"allowed": False}),
    "GET /v1/assets/photos/{photo_id}/training": SOMEBODYS,
    "PUT /v1/assets/photos/{photo_id}/training": Decision(404, body={"allowed": True}),
    "POST /v1/assets/bin/{photo_id}/restoration": SOMEBODYS,
    "DELETE /v1/assets/bin/{photo_id}": SOMEBODYS,
    "GET /v1/render/presets": Decision(200, 200),
    "GET /v1/render/presets/{preset_id}/preview": Decision(404, 404),
    "GET /v1/render/jobs": PAGE,
    "POST /v1/render/jobs": Decision(404, body={"photo_id": "{photo_id}", "preset": "marketplace-white"}),
    "GET /v1/render/jobs/{job_id}": SOMEBODYS,
    "GET /v1/render/jobs/{job_id}/output": SOMEBODYS,
    "GET /v1/render/jobs/{job_id}/events": SOMEBODYS,
    "GET /v1/render/batches/{batch_id}/events": SOMEBODYS,
    "POST /v1/render/jobs/{job_id}/cancellation": SOMEBODYS,
    "POST /v1/render/jobs/{job_id}/retry": SOMEBODYS,
    "POST /v1/render/batches": Decision(404, body={"photo_ids": [str(uuid4())], "presets": ["marketplace-white"]}),
    "GET /v1/render/batches/{batch_id}": SOMEBODYS,
    "POST /v1/render/batches/{batch_id}/cancellation": SOMEBODYS,
    "GET /v1/billing/packs": Decision(200, 200),
    "GET /v1/billing/balance": Decision(200),
    "GET /v1/billing/ledger": PAGE,
    "GET /v1/billing/purchases": PAGE,
    "POST /v1/billing/purchases": Decision(422, body={"pack": "no such pack"}),
    "GET /v1/billing/purchases/{purchase_id}": SOMEBODYS,
    "GET /v1/billing/purchases/{purchase_id}/receipt": SOMEBODYS,
    "POST /v1/billing/purchases/{purchase_id}/refunds": Decision(404, body={"credits": 1}),
    "GET /v1/billing/purchases/{purchase_id}/refunds": SOMEBODYS,
    "GET /v1/billing/plans": Decision(200, 200),
    "GET /v1/billing/subscription": Decision(200),
    "POST /v1/billing/subscription": Decision(422, body={"plan": "no such plan", "payment_method": "pm_nothing"}),
    "PATCH /v1/billing/subscription": Decision(412, body={"cancels": True}),
    "GET /v1/billing/kept": Decision(200),
    "GET /v1/billing/accesses": PAGE,
    "GET /v1/billing/admin/reviews": OPERATORS,
    "POST /v1/billing/admin/reviews/{purchase_id}/release": OPERATORS,
    "POST /v1/billing/admin/reviews/{purchase_id}/refusal": OPERATORS,
    "POST /v1/billing/webhooks/stripe": Decision(400, 400, {"type": "payment_intent.succeeded"}),
    "GET /v1/privacy/admin/accesses": OPERATORS,
    "GET /v1/privacy/admin/participants": OPERATORS,
    "GET /v1/privacy/admin/requests": OPERATORS,
    "GET /v1/privacy/admin/requests/{request_id}": OPERATORS,
    "POST /v1/privacy/admin/requests/{request_id}/answer": Decision(403, body={"text": "done"}),
    "POST /v1/privacy/admin/requests/{request_id}/denial": Decision(403, body={"reason": "excessive", "text": "no"}),
    "POST /v1/privacy/admin/requests/{request_id}/extension": Decision(403, body={"reason": "complexity", "text": "l"}),
    "POST /v1/privacy/admin/requests/{request_id}/retry": Decision(403, body={}),
    "GET /v1/privacy/admin/holds": OPERATORS,
    "POST /v1/privacy/admin/holds": Decision(
        403, body={"account_id": str(uuid4()), "participant": "billing", "basis": "a claim", "reason": "a claim"}
    ),
    "POST /v1/privacy/admin/holds/{hold_id}/release": OPERATORS,
    "GET /v1/privacy/admin/retention": OPERATORS,
    "GET /v1/privacy/holds": PAGE,
    "GET /v1/privacy/consents": Decision(200),
    "POST /v1/privacy/consents": Decision(200, body={"purpose": "analytics", "given": False}),
    "GET /v1/privacy/consents/receipts/{receipt_id}": SOMEBODYS,
    "GET /v1/privacy/visitor/consents": Decision(200, 200),
    "POST /v1/privacy/visitor/consents": Decision(200, 200, {"purpose": "analytics", "given": False}),
    "GET /v1/privacy/visitor/consents/receipts/{receipt_id}": Decision(404, 404),
    "GET /v1/identity/unsubscribe/{token}": Decision(404, 404),
    "POST /v1/identity/unsubscribe/{token}": Decision(422, 422, {"List-Unsubscribe": "One-Click"}),
    "GET /v1/privacy/policy/versions": Decision(200, 200),
    "GET /v1/privacy/policy/versions/{version}": Decision(404, 404),
    "GET /v1/privacy/policy/difference": Decision(422, 422),
    "GET /v1/privacy/policy/notices": PAGE,
    "POST /v1/privacy/admin/policy/{version}/notice": OPERATORS,
    "POST /v1/identity/usage": Decision(202, body={"feature": "help"}),
    "GET /v1/identity/usage/totals": Decision(200, 200),
    "GET /v1/privacy/statistics": Decision(200, 200),
    "GET /v1/privacy/support": Decision(200, 200),
    "POST /v1/privacy/support": Decision(422, 422, {"email": "nobody"}),
    "POST /v1/privacy/support/messages": Decision(422, 422, {"email": "nobody"}),
    "POST /v1/privacy/requests/referred/{referral_id}/confirmation": SOMEBODYS,
    "GET /v1/privacy/admin/support": OPERATORS,
    "POST /v1/privacy/admin/support": Decision(403, body={"email": "a@example.org", "about": "question", "text": "?"}),
    "POST /v1/privacy/admin/support/{referral_id}/answer": Decision(403, body={"text": "done"}),
    "GET /v1/privacy/processors": Decision(200, 200),
    "GET /v1/privacy/processing-record": Decision(200, 200),
    "GET /v1/privacy/processing-record.csv": Decision(200, 200),
    "GET /v1/privacy/processing-record.html": Decision(200, 200),
    "GET /v1/privacy/gpc.json": Decision(200, 200),
    "GET /v1/privacy/keys": Decision(200, 200),
    "GET /v1/privacy/policy": Decision(200, 200),
    "GET /v1/privacy/requests": PAGE,
    "POST /v1/privacy/requests": Decision(422, body={"type": "everything"}),
    "GET /v1/privacy/requests/accesses": PAGE,
    "GET /v1/privacy/requests/{request_id}": Decision(404, follower=True),
    "GET /v1/privacy/requests/{request_id}/archive": SOMEBODYS,
    "GET /v1/privacy/requests/{request_id}/certificate/amendments": Decision(404, follower=True),
    "GET /v1/privacy/requests/{request_id}/certificate": Decision(404, follower=True),
    "GET /v1/privacy/requests/{request_id}/events": Decision(404, follower=True),
    "POST /v1/privacy/requests/{request_id}/withdrawal": SOMEBODYS,
}
"""One line per documented operation; a new one needs its decision here."""
SIGNS_IN = {
    "POST /v1/identity/sessions",
    "POST /v1/identity/sessions/refresh",
    "POST /v1/identity/codes/exchange",
}
"""They answer 401 although nobody needs to be signed in."""
SIGNS_OUT = {"DELETE /v1/identity/sessions", "DELETE /v1/identity/sessions/current"}
OPERATIONS = [pytest.param(operation, id=str(operation)) for operation in ALL]
GUARDED = [pytest.param(operation, id=str(operation)) for operation in ALL if operation.guarded]
ADMIN, REQUESTS = "/v1/privacy/admin/", "/v1/privacy/requests"
PAYMENTS = "/v1/billing/admin/"
PAGES = ("/v1/identity/links/", "/v1/identity/openid/")
"""Their parameter names a page or a provider, which is the same for everybody."""
RENDER_OF = "POST /v1/render/jobs"
"""Names a thing in its body."""
STOP = "/v1/identity/unsubscribe/"
"""Its links name an address, not a thing of somebody, and take a form."""
BY_ID = [
    pytest.param(each, id=str(each))
    for each in ALL
    if (each.names or str(each) == RENDER_OF) and not each.path.startswith((ADMIN, PAYMENTS, STOP, *PAGES))
]


def test_every_operation_has_a_decision() -> None:
    assert {str(operation) for operation in ALL} == set(DECISIONS)
    for operation in ALL:
        asks_for_credentials = DECISIONS[str(operation)].nobody == 401 and str(operation) not in SIGNS_IN
        assert operation.guarded == asks_for_credentials


def ask(wire: Wire, operation: Operation, ids: dict[str, str], authorization: str | None = None) -> Answer:
    body = DECISIONS[str(operation)].body
    if body is not None:
        body = {name: filled(value, ids) for name, value in body.items()}
    headers = {} if authorization is None else {"Authorization": authorization}
    if operation.method == "POST":
        headers["Idempotency_Key"] = uuid4().hex
    if operation.method == "DELETE" or any(
        each.get("name") == "If-Match" for each in operation.body.get("parameters", ())
    ):
        headers["If_Match"] = '"999"'
    return wire.send(operation.method, operation.at(**ids), body, **headers)


def filled(value: Any, ids: dict[str, str]) -> Any:
    """A value of a body with the ids in it."""
    if isinstance(value, list):
        return [filled(each, ids) for each in value]
    return value.format(**ids) if isinstance(value, str) and "{" in value else value


def unknown(ids: dict[str, str]) -> dict[str, str]:
    return {name: str(uuid4()) for name in ids}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_without_a_sign_in(wire: Wire, ann: Somebody, operation: Operation) -> None:
    expected = DECISIONS[str(operation)].nobody
    mine, nobodys = ask(wire, operation, ann.ids), ask(wire, operation, unknown(ann.ids))
    assert (mine.status, nobodys.status) == (expected, expected), mine.body
    if expected == 401:
        check_refusal(mine, 401)
        assert "WWW-Authenticate" in mine.headers
        assert mine.without_instance() == nobodys.without_instance()
    check_discreet(mine)


@pytest.fixture(scope="module")
def broken(suite: RunningSuite, _ann: Somebody) -> Iterator[dict[str, str]]:
    """Authorization headers that must not open anything, by what is wrong with them."""
    ann = _ann.fresh()
    key, late = OwnKey(suite.var, suite.port), OwnKey(suite.var, suite.port)
    now = datetime.now(UTC)
    claims = TokenClaims(ann.person.account_id, ann.ids["session_id"], now)
    key.trust(now + timedelta(hours=1))
    late.trust(now - timedelta(seconds=1))
    _wait_until_trusted(Wire(suite.port), sign_token(key.jwk, claims, now))
    real = ann.person.token
    yield {
        "expired": sign_token(key.jwk, claims, now - timedelta(minutes=11)),
        "of the future": sign_token(key.jwk, claims, now + timedelta(hours=1)),
        "signed by a stranger's key": sign_token(new_signing_key(), claims, now),
        "signed by another key under a known name": sign_token(new_signing_key() | {"kid": _kid(real)}, claims, now),
        "signed by a key past its time": sign_token(late.jwk, claims, now),
        "without a signature": _unsigned(real),
        "with another person's claims": _with_claims(real, sub=str(uuid4())),
        "of a session that was ended": _ended(suite),
        "of an erased account": _erased(suite),
        "cut off": real[:-10],
        "no token": "x" * 200,
        "too long": real + "A" * 5000,
        "a token of a request": ann.request_token,
    }
    key.distrust()
    late.distrust()


def _wait_until_trusted(wire: Wire, good: str) -> None:
    """The same key makes tokens that are accepted, so a refusal is for what is wrong with a token."""
    give_up = time.monotonic() + 40
    for path in ("/v1/identity/profile", "/v1/assets/photos", "/v1/render/jobs", "/v1/billing/balance"):
        while wire.send("GET", path, Authorization=f"Bearer {good}").status != 200:
            assert time.monotonic() < give_up, path
            time.sleep(0.5)


def _kid(token: str) -> str:
    head = token.split(".", maxsplit=1)[0]
    return str(json.loads(base64.urlsafe_b64decode(head + "=="))["kid"])


def _b64(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _unsigned(token: str) -> str:
    return f"{_b64({'alg': 'none', 'kid': _kid(token)})}.{token.split('.')[1]}."


def _with_claims(token: str, **changed: str) -> str:
    head, body, signature = token.split(".")
    return f"{head}.{_b64(json.loads(base64.urlsafe_b64decode(body + '==')) | changed)}.{signature}"


def _ended(suite: RunningSuite) -> str:
    person = newcomer(suite).person
    person.call("DELETE", "/v1/identity/sessions/current")
    refused_everywhere(person)
    return person.token


def _erased(suite: RunningSuite) -> str:
    person = newcomer(suite).person
    request_id, token = person.ask_erasure()
    assert [name for name, _ in person.watch(request_id, token)][-1] == "completed"
    return person.token


@pytest.mark.parametrize("operation", OPERATIONS)
def test_with_a_broken_sign_in(wire: Wire, ann: Somebody, broken: dict[str, str], operation: Operation) -> None:
    decision = DECISIONS[str(operation)]
    for what, token in broken.items():
        if decision.follower and what == "a token of a request":
            continue
        for scheme in ("Bearer", "bearer"):
            answer = ask(wire, operation, ann.ids, f"{scheme} {token}")
            assert answer.status == decision.nobody, f"{what}: {answer.status} {answer.body[:300]!r}"
            check_discreet(answer, [ann.person.email])
    for header in ("Basic YW5uOnNlY3JldA==", "Bearer", "Bearer ", "token", ""):
        answer = ask(wire, operation, ann.ids, header)
        assert answer.status == decision.nobody, f"{header}: {answer.status} {answer.body[:300]!r}"


@pytest.mark.parametrize("operation", GUARDED)
def test_with_another_persons_sign_in(
    suite: RunningSuite, wire: Wire, ann: Somebody, bob: Somebody, operation: Operation
) -> None:
    caller = newcomer(suite) if str(operation) in SIGNS_OUT else bob
    answer = ask(wire, operation, ann.ids, caller.bearer)
    assert answer.status == DECISIONS[str(operation)].stranger, answer.body
    secrets = [ann.person.email, ann.person.account_id, *ann.ids.values()]
    check_discreet(answer, secrets)
    if operation.method == "GET" and answer.status == 200 and "items" in answer.problem:
        assert all(item["id"] not in ann.ids.values() for item in answer.problem["items"] if "id" in item)


@pytest.mark.parametrize("operation", BY_ID)
def test_another_persons_thing_and_no_thing_are_the_same_in_words_and_time(
    wire: Wire, ann: Somebody, bob: Somebody, operation: Operation
) -> None:
    """RENDER_OF waits for late news of a photo, so it is tried less often."""
    rounds = 2 if str(operation) == RENDER_OF else 12
    documents: list[dict[str, Any]] = []
    times: dict[str, list[float]] = {"foreign": [], "unknown": []}
    for _ in range(rounds):
        for kind, ids in (("foreign", ann.ids), ("unknown", unknown(ann.ids))):
            begun = time.perf_counter()
            answer = ask(wire, operation, ids, bob.bearer)
            times[kind].append(time.perf_counter() - begun)
            check_refusal(answer, 404)
            documents.append(answer.without_instance())
    assert all(each == documents[0] for each in documents), documents
    foreign, nothing = statistics.median(times["foreign"]), statistics.median(times["unknown"])
    assert abs(foreign - nothing) < 0.5 * nothing + 0.02, times


@pytest.mark.parametrize("operation", GUARDED)
def test_the_token_of_a_request_opens_that_request_only(wire: Wire, ann: Somebody, operation: Operation) -> None:
    bearer, elsewhere = f"Bearer {ann.request_token}", unknown(ann.ids)
    if DECISIONS[str(operation)].follower:
        assert ask(wire, operation, elsewhere, bearer).status == 404
        own = ask(wire, operation, ann.ids, bearer)
        assert own.status == (404 if "certificate" in operation.path else 200), own.body
    else:
        check_refusal(ask(wire, operation, ann.ids, bearer), 401)
    invented = "Bearer " + ann.request_token[:-4] + "AAAA"
    check_refusal(ask(wire, operation, ann.ids, invented), 401)


@pytest.fixture(scope="module")
def made(suite: RunningSuite, _bob: Somebody) -> Iterator[dict[str, str]]:
    """Authorization headers of Bob as an operator, and as somebody who read a code in a mail."""
    key, now = OwnKey(suite.var, suite.port), datetime.now(UTC)
    key.trust(now + timedelta(hours=1))
    account_id = _bob.fresh().person.account_id
    operator = TokenClaims(account_id, str(uuid4()), now, frozenset({"operator"}))
    narrow = TokenClaims(account_id, str(uuid4()), now, scope="requests")
    _wait_until_trusted(Wire(suite.port), sign_token(key.jwk, operator, now))
    yield {name: f"Bearer {sign_token(key.jwk, claims, now)}" for name, claims in
           (("operator", operator), ("narrow", narrow))}  # fmt: skip
    key.distrust()


@pytest.mark.parametrize("operation", [each for each in GUARDED if str(each.values[0]) not in SIGNS_OUT])
def test_an_operator_is_a_stranger_everywhere_but_on_the_operators_side(
    wire: Wire, ann: Somebody, made: dict[str, str], operation: Operation
) -> None:
    """There, nothing is answered without a purpose."""
    answer = ask(wire, operation, ann.ids, made["operator"])
    expected = 400 if operation.path.startswith((ADMIN, PAYMENTS)) else DECISIONS[str(operation)].stranger
    assert answer.status == expected, answer.body
    check_discreet(answer, [ann.person.email, ann.person.account_id])


@pytest.mark.parametrize("operation", GUARDED)
def test_the_narrow_token_of_a_mailed_code_opens_requests_only(
    wire: Wire, ann: Somebody, made: dict[str, str], operation: Operation
) -> None:
    answer = ask(wire, operation, ann.ids, made["narrow"])
    expected = DECISIONS[str(operation)].stranger if operation.path.startswith(REQUESTS) else 401
    assert answer.status == expected, answer.body
