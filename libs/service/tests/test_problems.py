"""Whatever is sent, the answer is a problem document that says what was wrong and nothing else."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from nexoraz.service.problems import Refusals

PHOTOS = "/v1/gallery/photos"
JSON = "application/json"


def problem(response: Any) -> dict[str, Any]:
    assert response.mimetype == "application/problem+json", response.data
    document: dict[str, Any] = response.get_json(force=True)
    assert document["status"] == response.status_code
    assert document["type"].startswith("https://nexoraz.pro/problems/")
    assert document["instance"] == f"urn:nexoraz:request:{response.headers['X-Request-Id']}"
    assert document["title"]
    return document


def post(gallery: Any, **sent: Any) -> Any:
    headers = gallery.signed_in(**{"Idempotency-Key": str(uuid4())}, **sent.pop("headers", {}))
    return gallery.client().post(PHOTOS, headers=headers, **sent)


@pytest.mark.parametrize(
    ("sent", "status", "rule"),
    [
        ({"data": b"{", "content_type": JSON}, 400, "malformed-json"),
        ({"data": b"", "content_type": JSON}, 400, "malformed-json"),
        ({"data": b"\xff\xfe", "content_type": JSON}, 400, "malformed-json"),
        ({"data": b'{"title": NaN}', "content_type": JSON}, 400, "malformed-json"),
        ({"data": b'{"title": "a\\u0000b"}', "content_type": JSON}, 400, "malformed-json"),
        ({"data": b'{"title": "\\ud800"}', "content_type": JSON}, 400, "malformed-json"),
        ({"data": b"[" * 900 + b"]" * 900, "content_type": JSON}, 400, "malformed-json"),
        ({"data": b'{"title": %s}' % (b"9" * 1500), "content_type": JSON}, None, None),
        ({"data": b'"text"', "content_type": JSON}, 422, "invalid-request"),
        ({"data": b"null", "content_type": JSON}, 422, "invalid-request"),
        ({"data": b"title=a", "content_type": "application/x-www-form-urlencoded"}, 415, "media-type-not-supported"),
        ({"data": b"{}"}, 415, "media-type-not-supported"),
        ({}, 422, "invalid-request"),
        ({"data": b" " * 2000, "content_type": JSON}, 400, "malformed-json"),
        ({"data": b" " * 2001, "content_type": JSON}, 413, "body-too-large"),
        ({"json": {"title": ["a"]}}, 422, "invalid-request"),
        ({"json": {"title": "x" * 121}}, 422, "invalid-request"),
        ({"json": {"title": "one too many"}}, 409, "gallery-full"),
    ],
)
def test_a_bad_body_is_refused_with_a_problem_and_never_a_5xx(
    gallery: Any, sent: dict[str, Any], status: int | None, rule: str | None
) -> None:
    answer = post(gallery, **sent)
    document = problem(answer)
    assert 400 <= answer.status_code < 500
    if status:
        assert (answer.status_code, document["type"].rsplit("/", 1)[1]) == (status, rule)
    assert gallery.photos() == 0


def test_each_field_that_is_wrong_is_pointed_at(gallery: Any) -> None:
    document = problem(post(gallery, json={"tags": ["ok", "far too long", ""], "a/b~c": 1}))
    assert {error["pointer"] for error in document["errors"]} == {"#/title", "#/tags/1", "#/tags/2", "#/a~1b~0c"}
    assert all(error["detail"] for error in document["errors"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", PHOTOS + "/not-a-uuid", 404),
        ("GET", PHOTOS + "/..%2f..%2fetc%2fpasswd", 404),
        ("DELETE", PHOTOS, 405),
        ("GET", PHOTOS + "?unknown=1", 422),
        ("GET", PHOTOS + "?limit=0", 422),
        ("GET", PHOTOS + "?limit=many", 422),
        ("GET", PHOTOS + "?cursor=bm9uc2Vuc2U", 400),
        ("GET", PHOTOS + "?cursor=%00", 400),
        ("GET", "/nul%00", 400),
    ],
)
def test_a_bad_address_is_refused_with_a_problem(gallery: Any, method: str, path: str, status: int) -> None:
    answer = gallery.client().open(path, method=method, headers=gallery.signed_in())
    problem(answer)
    assert answer.status_code == status
    if status == 405:
        assert "POST" in answer.headers["Allow"]


def test_a_wrong_parameter_is_named(gallery: Any) -> None:
    document = problem(gallery.client().get(PHOTOS + "?limit=0", headers=gallery.signed_in()))
    assert [error["parameter"] for error in document["errors"]] == ["limit"]


def test_a_refusal_carries_the_facts_of_the_domain_error_and_nothing_that_is_not_plain(gallery: Any) -> None:
    document = problem(post(gallery, json={"title": "one too many"}))
    assert document["title"] == "Gallery full"
    assert document["limit"] == 3
    assert "hint" not in document


def test_another_persons_id_and_an_unknown_id_get_the_same_answer(gallery: Any) -> None:
    added = post(gallery, json={"title": "mine"}).get_json()["id"]
    stranger = {"Authorization": f"Bearer {gallery.token(account_id=str(uuid4()))}"}
    foreign = gallery.client().get(f"{PHOTOS}/{added}", headers=stranger)
    unknown = gallery.client().get(f"{PHOTOS}/{uuid4()}", headers=stranger)
    shown = [{**problem(each), "instance": None} for each in (foreign, unknown)]
    assert shown[0] == shown[1]
    assert foreign.status_code == unknown.status_code == 404


def test_a_defect_says_nothing_outside_and_is_logged_without_the_request(gallery: Any) -> None:
    answer = post(gallery, json={"title": "defect of bob@example.org"})
    document = problem(answer)
    assert answer.status_code == 500
    assert set(document) == {"type", "title", "status", "instance"}
    line = next(line for line in gallery.log_lines() if line["event"] == "unexpected failure")
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert line["error"] == "builtins.ValueError"
    assert any("conftest.py" in frame for frame in line["frames"])
    assert b"bob" not in gallery.log.getvalue() + answer.data


def test_a_unique_violation_does_not_quote_the_value_in_the_log(gallery: Any) -> None:
    assert post(gallery, json={"title": "bob@example.org"}).status_code == 201
    assert post(gallery, json={"title": "bob@example.org"}).status_code == 500
    line = next(line for line in gallery.log_lines() if line["event"] == "unexpected failure")
    assert (line["sqlstate"], line["constraint"]) == ("23505", "photos_title_key")
    assert b"bob" not in gallery.log.getvalue()


@pytest.mark.parametrize(
    ("statement", "status"),
    [
        ("select pg_sleep(30)", 503),
        ("select pg_terminate_backend(pg_backend_pid())", 503),
        ("select 99999999999 :: integer", 422),
        ("select nothing", 500),
    ],
)
def test_a_failure_of_the_database_is_told_apart(gallery: Any, statement: str, status: int) -> None:
    gallery.during.append(lambda conn: conn.execute(text(statement)))
    answer = gallery.client().get(PHOTOS + "/broken")
    problem(answer)
    assert answer.status_code == status
    assert (answer.headers.get("Retry-After") == "1") == (status == 503)


def test_a_subclass_of_a_refusal_gets_its_status_and_its_own_name() -> None:
    class Refused(Exception):
        pass

    class EmailAlreadyTaken(Refused):
        pass

    found = Refusals({Refused: 409}).problem(EmailAlreadyTaken())
    assert found is not None
    assert (found.rule, found.status) == ("email-already-taken", 409)
    assert Refusals({Refused: 409}).problem(KeyError()) is None


def test_a_refusal_cannot_be_registered_as_a_failure_or_replace_members_of_the_document() -> None:
    @dataclass
    class Clash(Exception):
        status: int

    with pytest.raises(ValueError, match="4xx"):
        Refusals({KeyError: 500})
    with pytest.raises(ValueError, match="status"):
        Refusals({Clash: 409})


def test_an_outage_outside_asks_to_come_back() -> None:
    problem = Refusals({ConnectionError: 503}).problem(ConnectionError("db.internal refused"))
    assert problem is not None
    assert (problem.status, problem.headers, problem.detail) == (503, {"Retry-After": "5"}, None)
