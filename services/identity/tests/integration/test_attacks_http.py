"""Bad input gets a 4xx problem document: never a 5xx, never a trace of whether someone exists."""

import base64
import json
from typing import Any

import pytest

from services.identity.tests.examples import EMAIL
from services.identity.tests.integration.journeys import ACCOUNT, BASE, Answer, Person

pytestmark = pytest.mark.real

POSTS = ("/accounts", "/accounts/verification", "/sessions", "/sessions/refresh")


def is_problem(answer: Answer, *codes: int) -> None:
    assert answer.status_code in codes, (answer.status_code, answer.data)
    assert answer.mimetype == "application/problem+json"
    assert answer.json["status"] == answer.status_code
    assert EMAIL.encode() not in answer.data


def post(person: Person, path: str, data: bytes, media_type: str = "application/json") -> Answer:
    headers = {"Idempotency-Key": "k"}
    return person.client.post(BASE + path, data=data, content_type=media_type, headers=headers)


BODIES = [
    b"", b"{", b"null", b"[]", b'"text"', b"1", b"\xff\xfe", b"{}" * 3, b'{"a":' * 5000, b"[" * 60_000,
    b'{"email":NaN}', b'{"token":"\\u0000"}', b'{"email":"\\ud800"}', b'{"unknown":1}',
]  # fmt: skip


@pytest.mark.parametrize("path", POSTS)
def test_malformed_bodies(person: Person, path: str) -> None:
    for body in BODIES:
        is_problem(post(person, path, body), 400, 401, 415, 422)


@pytest.mark.parametrize("path", POSTS)
def test_other_media_types(person: Person, path: str) -> None:
    for media_type in ("text/plain", "application/xml", "multipart/form-data", "application/x-www-form-urlencoded"):
        is_problem(post(person, path, b"a=b", media_type), 415)


@pytest.mark.parametrize("path", POSTS)
def test_oversized_bodies(person: Person, path: str) -> None:
    is_problem(post(person, path, b'{"email":"' + b"a" * 70_000 + b'"}'), 413)


WRONG: list[Any] = [None, 1, 1.5, True, [], {}, "", "x" * 5000, "\u202e", "a\nb", "' OR 1=1 --", "../../etc/passwd"]


@pytest.mark.parametrize("field", list(ACCOUNT))
def test_wrong_values_in_a_registration(person: Person, field: str) -> None:
    for value in WRONG:
        answer = person.register(**{field: value})
        if answer.status_code != 202:
            is_problem(answer, 403, 422)


def test_unknown_fields_are_named_and_refused(person: Person) -> None:
    answer = person.register(role="operator")
    is_problem(answer, 422)
    assert answer.json["errors"] == [{"detail": "Unknown field.", "pointer": "#/role"}]


def test_bad_idempotency_keys(person: Person) -> None:
    for key in ("", " ", "x" * 300, "k\u00e9y".encode().decode("latin-1")):
        is_problem(person.client.post(f"{BASE}/accounts", json=ACCOUNT, headers={"Idempotency-Key": key}), 400)


def test_a_registration_without_an_idempotency_key(person: Person) -> None:
    is_problem(person.client.post(f"{BASE}/accounts", json=ACCOUNT), 400)


PATHS = [
    "/sessions/../profile", "/sessions/%2e%2e/profile", "/sessions/current/..", "//profile", "/profile/", "/.env",
    "/sessions/1", "/sessions/0d4f2a4e", "/sessions/%00", "/accounts/verification/x", "/PROFILE",
    "/sessions/" + "a" * 3000,
]  # fmt: skip


def test_path_tricks(person: Person) -> None:
    headers = person.join()
    for path in PATHS:
        for method in ("GET", "DELETE"):
            answer = person.client.open(BASE + path, method=method, headers=headers)
            assert 300 <= answer.status_code < 500, (path, method, answer.status_code)


def test_wrong_methods(person: Person) -> None:
    for path, method in [("/accounts", "GET"), ("/profile", "POST"), ("/keys", "DELETE"), ("/sessions", "PUT")]:
        is_problem(person.client.open(BASE + path, method=method), 405)


PROTECTED = [
    ("GET", "/profile"), ("PATCH", "/profile"), ("GET", "/sessions"), ("DELETE", "/sessions"),
    ("DELETE", "/sessions/current"), ("DELETE", "/sessions/0d4f2a4e-6c1b-4d8e-9a55-0000000000ff"),
]  # fmt: skip


def test_without_a_good_token_nothing_is_reached(person: Person) -> None:
    token = person.join()["Authorization"].removeprefix("Bearer ")
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    forged = base64.urlsafe_b64encode(json.dumps({**claims, "roles": ["operator"]}).encode()).decode().rstrip("=")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    tokens = ["", "x", "a.b.c", f"{head}.{forged}.{signature}", f"{none}.{body}.", token[:-4] + "AAAA", "x" * 9000]
    for method, path in PROTECTED:
        for bad in tokens:
            headers = {"Authorization": f"Bearer {bad}"}
            is_problem(person.client.open(BASE + path, method=method, headers=headers), 401)
        is_problem(person.client.open(BASE + path, method=method), 401)


def test_a_cookie_from_another_site_changes_nothing(person: Person) -> None:
    token = person.join()["Authorization"].removeprefix("Bearer ")
    headers = {"Cookie": f"__Host-nexoraz={token}", "Origin": "https://evil.example"}
    is_problem(person.client.delete(f"{BASE}/sessions", headers=headers), 403)
    assert person.client.get(f"{BASE}/profile", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_cursors_that_are_not_ours(person: Person) -> None:
    headers = person.join()
    for cursor in ("x", "%ff", "W10", "eyJhIjoxfQ", "WyIyMDI2LTAxLTAxIiwieCJd", "a" * 600):
        is_problem(person.client.get(f"{BASE}/sessions?cursor={cursor}", headers=headers), 400, 422)


def test_bad_queries(person: Person) -> None:
    headers = person.join()
    for query in ("limit=0", "limit=101", "limit=x", "unknown=1", "limit=1&limit=2&x[]=1"):
        is_problem(person.client.get(f"{BASE}/sessions?{query}", headers=headers), 422)


def test_forwarded_addresses_are_hashed_whatever_they_hold(person: Person) -> None:
    for address in ("' OR 1=1", "::1", "2001:db8::1", "1.2.3.4, 5.6.7.8", "\u00ff" * 50, "a" * 4000):
        headers = {"X-Forwarded-For": address.encode().decode("latin-1")}
        body = {"email": "nobody@example.org", "password": "x"}
        assert person.client.post(f"{BASE}/sessions", json=body, headers=headers).status_code == 401
