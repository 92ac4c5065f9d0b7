"""What strangers send: each gets a 4xx problem, nobody learns of another, and nothing stays behind."""

import struct
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from nexoraz.assets.bootstrap import App, build
from nexoraz.assets.config import Settings
from nexoraz.events.sql_store import SqlTransaction
from nexoraz.local.testing.services import close, know_key
from services.assets.tests.examples import avif, jpeg, png, webp
from services.assets.tests.integration.conftest import Person, stored

pytestmark = pytest.mark.real


def problem(answer: TestResponse) -> tuple[int, str, dict[str, Any]]:
    """Status, rule and the facts of a problem document."""
    assert answer.mimetype == "application/problem+json", answer.text
    document = dict(answer.json or {})
    rule = document.pop("type").removeprefix("https://nexoraz.pro/problems/")
    status = document.pop("status")
    for name in ("title", "instance"):
        document.pop(name, None)
    assert status == answer.status_code
    return status, rule, document


NO_PHOTOS: list[tuple[bytes, int, str, dict[str, Any]]] = [
    (b"", 422, "photo-empty", {}),
    (b"GIF89a" + b"\0" * 40, 415, "unsupported-type", {"found": "image/gif"}),
    (b"<svg onload='x'/>", 415, "unsupported-type", {"found": "image/svg+xml"}),
    (b"<html><script>", 415, "unsupported-type", {"found": "text/html"}),
    (png() + b"PK\3\4", 422, "content-after-picture", {"media_type": "image/png"}),
    (jpeg() + b"<?php", 422, "content-after-picture", {"media_type": "image/jpeg"}),
    (jpeg()[:-2], 422, "picture-truncated", {"media_type": "image/jpeg"}),
    (png()[:-4], 422, "picture-truncated", {"media_type": "image/png"}),
    (webp()[:-4], 422, "picture-truncated", {"media_type": "image/webp"}),
    (avif()[:-4], 422, "picture-truncated", {"media_type": "image/avif"}),
    (jpeg(10_000, 10_000), 422, "picture-too-large", {"megapixels": 100.0, "limit": 64}),
    (png(60_000, 60_000, filling=b""), 422, "picture-too-large", {"megapixels": 3600.0, "limit": 64}),
    (webp(15, 15), 422, "picture-too-small", {"width": 15, "height": 15, "limit": 16}),
    (png(8000, 8000, filling=b"x" * 99), 422, "picture-bomb", {"unpacked": 64_000_000, "packed": 156}),
    (b"\xff\xd8\xff", 422, "picture-damaged", {"media_type": "image/jpeg", "reason": "no-header"}),
]


def test_what_is_no_photo_is_refused_with_the_reason(ann: Person, app: App) -> None:
    for content, status, rule, facts in NO_PHOTOS:
        assert problem(ann.upload(content)) == (status, rule, facts)
    assert stored(app) == []


def test_what_is_not_said_to_be_an_image_is_not_read(ann: Person, app: App) -> None:
    for type_ in ("text/html", "application/json", "multipart/form-data; boundary=x", "", "x" * 300):
        assert problem(ann.upload(png(), type_=type_))[:2] == (415, "media-type-not-supported")
    assert stored(app) == []


def test_a_body_beyond_the_limit_is_refused_with_the_figure(ann: Person, app: App) -> None:
    limit = app.settings.photo_bytes
    declared = ann.upload(b"\0" * (limit + 1))
    assert problem(declared) == (413, "photo-too-heavy", {"limit": limit})
    assert declared.headers["Connection"] == "close"
    heavy = jpeg(4000, 3000, scan=b"\x55" * limit)
    assert problem(chunked(ann, heavy)) == (413, "photo-too-heavy", {"limit": limit})
    assert stored(app) == []


def chunked(person: Person, content: bytes) -> TestResponse:
    """An upload that does not say how long it is, as gunicorn hands it on."""
    environ = {"wsgi.input": BytesIO(content), "wsgi.input_terminated": True}
    headers = {"Idempotency-Key": str(uuid4()), "Content-Type": "image/jpeg", "Transfer-Encoding": "chunked"}
    return person.ask("POST", "/photos", headers, environ_overrides=environ)


def test_a_body_of_unknown_length_is_taken_in(ann: Person) -> None:
    answer = chunked(ann, jpeg(scan=b"\x55" * 6_000_000))
    assert answer.status_code == 201 and answer.json is not None
    assert answer.json["size"] > 6_000_000


def test_a_length_that_is_too_large_is_an_interrupted_upload(ann: Person, app: App) -> None:
    for size in (len(jpeg()) + 1, 11_000_000):
        environ = {"CONTENT_LENGTH": str(size), "wsgi.input": BytesIO(jpeg()), "wsgi.input_terminated": True}
        headers = {"Idempotency-Key": "k", "Content-Type": "image/jpeg"}
        answer = ann.ask("POST", "/photos", headers, environ_overrides=environ)
        assert problem(answer) == (400, "upload-interrupted", {"declared": size, "received": len(jpeg())})
    assert stored(app) == []


def test_a_length_that_is_too_small_cuts_the_picture(ann: Person, app: App) -> None:
    environ = {"CONTENT_LENGTH": "40", "wsgi.input": BytesIO(jpeg()[:40]), "wsgi.input_terminated": True}
    headers = {"Idempotency-Key": "k", "Content-Type": "image/jpeg"}
    answer = ann.ask("POST", "/photos", headers, environ_overrides=environ)
    assert answer.status_code == 422
    assert stored(app) == []


def test_other_peoples_photos_are_like_those_that_never_were(ann: Person, bob: Person, app: App) -> None:
    photo = ann.has_photo(query="?title=Secret")
    seen = {"If-Match": '"v1"'}
    for path in (f"/photos/{photo}", f"/photos/{uuid4()}"):
        answers = [
            bob.ask("GET", path),
            bob.ask("GET", f"{path}/content"),
            bob.ask("HEAD", f"{path}/content"),
            bob.ask("GET", f"{path}/content", {"Range": "bytes=0-3"}),
            bob.ask("PATCH", path, seen, json={"title": "Mine"}),
            bob.ask("DELETE", path, seen),
        ]
        assert [answer.status_code for answer in answers] == [404] * len(answers)
        assert {problem(answer)[1:] == ("not-found", {}) for answer in answers if answer.data} == {True}
    assert bob.ask("GET", "/photos").json == {"items": [], "next": None}
    assert ann.ask("GET", f"/photos/{photo}").status_code == 200


def test_ids_that_are_no_ids_find_nothing(ann: Person) -> None:
    for path in ("1", "..", "%2e%2e", "..%2fother", "%00", "null", "'%20or%201=1--", "a" * 3000):
        for address in (f"/photos/{path}", f"/photos/{path}/content"):
            assert ann.ask("GET", address).status_code in (400, 404), path


def test_titles_and_queries_that_mislead_are_refused(ann: Person, app: App) -> None:
    for query in ("title=", "title=%0a", "title=a%00b", "title=" + "x" * 121, "title=%E2%80%AEgpj.exe", "name=x"):
        answer = ann.upload(png(), query=f"?{query}")
        assert problem(answer)[0] in (400, 422), query
    assert stored(app) == []


def test_a_title_of_a_wrong_shape_is_refused(ann: Person) -> None:
    photo = ann.has_photo()
    headers = {"If-Match": '"v1"', "Content-Type": "application/json"}
    for body in ("{", "[]", '{"title":1}', '{"title":"a","id":"b"}', "{}", '{"title":"a\\u0000"}', "null", ""):
        answer = ann.ask("PATCH", f"/photos/{photo}", headers, data=body)
        assert problem(answer)[0] in (400, 422), body


def test_pages_that_are_no_pages_are_refused(ann: Person) -> None:
    for query in ("limit=0", "limit=101", "limit=x", "cursor=!!", "cursor=AAAA", "offset=1"):
        assert problem(ann.ask("GET", f"/photos?{query}"))[0] in (400, 422), query


def test_ranges_that_are_no_ranges_harm_nobody(ann: Person) -> None:
    photo = ann.has_photo()
    for given in ("5-1", "a-b", "-0", "0-1,4-5", "9" * 400 + "-", "-", "0-" + "9" * 400):
        answer = ann.ask("GET", f"/photos/{photo}/content", {"Range": f"bytes={given}"})
        assert answer.status_code in (200, 206, 416), given


def test_without_a_token_or_a_key_nothing_is_taken(ann: Person, app: App) -> None:
    missing = ann.client.post("/v1/assets/photos", data=png(), headers={"Content-Type": "image/png"})
    assert problem(missing)[:2] == (401, "not-authenticated")
    unnamed = ann.ask("POST", "/photos", {"Content-Type": "image/png"}, data=png())
    assert problem(unnamed)[:2] == (400, "idempotency-key-required")
    assert ann.ask("GET", "/photos", {"Authorization": "Bearer x.y.z"}).status_code == 401
    assert stored(app) == []


def test_a_race_of_changes_is_won_once(ann: Person, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    append, seen = SqlTransaction.append, {"If-Match": '"v1"'}
    for winner, told in (("PATCH", [200, 412]), ("DELETE", [204, 404])):
        path, answers = f"/photos/{ann.has_photo()}", []
        body = {"json": {"title": "Early"}} if winner == "PATCH" else {}

        def overtaken(*args: Any, path: str = path, body: Any = body, winner: str = winner) -> Any:
            monkeypatch.setattr(SqlTransaction, "append", append)
            answers.append(ann.ask(winner, path, seen, **body).status_code)  # noqa: B023 - called in this round
            return append(*args)

        monkeypatch.setattr(SqlTransaction, "append", overtaken)
        answers.append(ann.ask("PATCH", path, seen, json={"title": "Late"}).status_code)
        assert answers == told


def test_a_bucket_that_is_away_refuses_uploads_and_nothing_else(app: App, settings: Settings) -> None:
    kept = Person(app.web().test_client(use_cookies=False))
    photo = kept.has_photo()
    broken = build(Settings(**{**_values(settings), "s3_endpoint": "http://127.0.0.1:9"}))
    know_key(broken)
    ann = Person(broken.web().test_client(use_cookies=False), kept.account_id)
    refused = ann.upload(png())
    assert problem(refused) == (503, "storage-unavailable", {}) and refused.headers["Retry-After"]
    assert problem(ann.ask("GET", f"/photos/{photo}/content"))[0] == 503
    answer = ann.ask("GET", "/photos")
    assert answer.json is not None and [each["id"] for each in answer.json["items"]] == [photo]
    close(broken)


def _values(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in Settings.__dataclass_fields__}


def test_a_title_is_nowhere_in_plaintext(ann: Person, app: App) -> None:
    photo = ann.has_photo(query="?title=Xylophonequartz")
    ann.ask("PATCH", f"/photos/{photo}", {"If-Match": '"v1"'}, json={"title": "Zirconiumbagpipe"})
    with app.runtime.engine.connect() as connection:
        tables = connection.exec_driver_sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").scalars()
        rows = [str(row) for t in tables.all() for row in connection.exec_driver_sql(f'SELECT t::text FROM "{t}" t')]
    written = "".join(rows)
    assert photo in written
    for word in (b"Xylophonequartz", b"Zirconiumbagpipe"):
        assert word.decode() not in written and word.hex() not in written


def test_an_orientation_cannot_hide_the_size(ann: Person) -> None:
    exif = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)
    answer = ann.upload(jpeg(400, 20, exif=exif))
    assert answer.json is not None and (answer.json["width"], answer.json["height"]) == (20, 400)
