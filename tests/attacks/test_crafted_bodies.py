"""Bodies that no client of ours would send: each is refused with a problem document that says nothing of the inside."""
# odd requests are read as tables

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.attacks.people import Somebody
from tests.attacks.wire import Wire, check_discreet, check_refusal, check_refused_somewhere, chunked, request
from tests.journey.demo import sample

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

SECRET = "tell-nobody-7f3a"
EMAIL = f"{SECRET}@example.org"
ACCOUNT = {"email": EMAIL, "password": "correct horse battery", "country": "DE", "birth_date": "1990-04-01"}
GOOD: dict[str, dict[str, Any]] = {
    "POST /v1/identity/accounts": ACCOUNT,
    "POST /v1/identity/accounts/verification": {"token": SECRET},
    "POST /v1/identity/sessions": {"email": EMAIL, "password": SECRET},
    "POST /v1/identity/sessions/refresh": {"refresh_token": SECRET},
    "PATCH /v1/identity/profile": {"name": SECRET},
    "PATCH /v1/assets/photos/{photo_id}": {"title": SECRET},
    "POST /v1/render/jobs": {"photo_id": str(uuid4()), "preset": "marketplace-white"},
    "POST /v1/render/batches": {"photo_ids": [str(uuid4())], "presets": ["marketplace-white"]},
    "POST /v1/billing/purchases": {"pack": "no-such-pack"},
    "POST /v1/privacy/requests": {"type": "nothing-of-the-kind", "immediate": False},
}
"""Every operation that takes JSON, with a body of the right shape."""
OPERATIONS = [pytest.param(*name.split(" "), body, id=name) for name, body in GOOD.items()]


def not_json(body: dict[str, Any]) -> Iterator[bytes]:
    text = json.dumps(body).encode()
    first = next(iter(body))
    yield from (b"", b" ", b"{", b"null", b"[]", b"[1]", b'"text"', b"1", b"true", text[:-1], text + text, text + b"}")
    yield from (b"\xef\xbb\xbf" + text, text.decode().encode("utf-16"), b"\xff\xfe\x00", b"\x00" * 30, b"\x80abc")
    yield b'{"' + first.encode() + b'": NaN}'
    yield b'{"' + first.encode() + b'": Infinity}'
    yield b'{"' + first.encode() + b'": 1e999999}'
    yield b'{"' + first.encode() + b'": ' + b"9" * 5_000 + b"}"
    yield b'{"' + first.encode() + b'": "\xed\xa0\x80"}'
    yield b'{"' + first.encode() + b'": "\\ud800"}'
    yield b'{"' + first.encode() + b'": "a\\u0000b"}'
    yield b'{"' + first.encode() + b'": "a\x00b"}'
    yield b'{"a\\u0000": 1}'
    yield b"[" * 20_000 + b"]" * 20_000
    yield b'{"a":' * 10_000 + b"1" + b"}" * 10_000
    yield b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>"


def not_that(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """JSON of a wrong shape."""
    for name, good in body.items():
        for value in (
            None,
            0,
            -1,
            10**30,
            1.5,
            [],
            [SECRET],
            {},
            {"$ne": None},
            "\ud800",
            "x" * 30_000,
            "\x00",
            "\x1b[2J",
        ):
            if good != value and not (value is None and name in ("name", "title", "immediate")):
                yield body | {name: value}
    yield body | {"unknown": SECRET}
    yield body | {"__proto__": {"admin": True}}
    yield body | {"account_id": str(uuid4())}
    yield body | {"roles": ["operator"]}


@pytest.mark.parametrize(("method", "path", "body"), OPERATIONS)
def test_what_is_not_json(wire: Wire, ann: Somebody, method: str, path: str, body: dict[str, Any]) -> None:
    for raw in not_json(body):
        answer = wire.send(method, path.format(**ann.ids), raw, **_headers(ann, path))
        check_refusal(answer, 400, 401, 413, 422, secrets=[SECRET, ann.person.email])


@pytest.mark.parametrize(("method", "path", "body"), OPERATIONS)
def test_json_of_another_shape(wire: Wire, ann: Somebody, method: str, path: str, body: dict[str, Any]) -> None:
    for wrong in not_that(body):
        answer = wire.send(method, path.format(**ann.ids), wrong, **_headers(ann, path))
        check_refusal(answer, 400, 401, 410, 412, 422, secrets=[SECRET, ann.person.email])


@pytest.mark.parametrize(("method", "path", "body"), OPERATIONS)
def test_the_same_name_twice_has_one_meaning(
    wire: Wire, ann: Somebody, method: str, path: str, body: dict[str, Any]
) -> None:
    """The last one counts, and it is judged as if it were the only one."""
    first = next(iter(body))
    raw = json.dumps(body).encode()[:-1] + b', "' + first.encode() + b'": 17}'
    answer = wire.send(method, path.format(**ann.ids), raw, **_headers(ann, path))
    check_refusal(answer, 400, 422, secrets=[SECRET])


@pytest.mark.parametrize(("method", "path", "body"), OPERATIONS)
@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x",
     "application/xml", "application/json-seq", "text/json", "*/*", "nonsense", "application/jsonx", "a" * 3_000],
)  # fmt: skip
def test_another_media_type(wire: Wire, ann: Somebody, method: str, path: str, body: dict[str, Any], kind: str) -> None:
    headers = _headers(ann, path) | {"Content_Type": kind}
    check_refusal(wire.send(method, path.format(**ann.ids), body, **headers), 415, secrets=[SECRET])


@pytest.mark.parametrize(("method", "path", "body"), OPERATIONS)
def test_too_large_with_a_length_in_chunks_and_compressed(
    wire: Wire, ann: Somebody, method: str, path: str, body: dict[str, Any]
) -> None:
    target, large = path.format(**ann.ids), json.dumps(body | {"more": "x" * 300_000}).encode()
    check_refusal(wire.send(method, target, large, **_headers(ann, path)), 413)
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in _headers(ann, path).items()]
    lines += ["Content-Type: application/json", "Connection: close"]
    answer = wire.raw(request(method, target, *lines, "Transfer-Encoding: chunked", body=chunked(large)))
    assert answer is not None
    check_refusal(answer, 413)
    promised = wire.raw(request(method, target, *lines, "Content-Length: 99999999999"))
    assert promised is not None
    check_refusal(promised, 413)
    encoded = wire.send(method, target, b"\x1f\x8b" + b"\x00" * 40, **_headers(ann, path), Content_Encoding="gzip")
    check_refusal(encoded, 400, 415)


def _headers(ann: Somebody, path: str) -> dict[str, str]:
    headers = {"Idempotency_Key": uuid4().hex, "If_Match": '"1"'}
    return headers if "/accounts" in path or "/sessions" in path else headers | {"Authorization": ann.bearer}


PHOTO_HEADERS = {"Content_Type": "image/png"}


@pytest.fixture(scope="module")
def photo() -> bytes:
    return sample().read_bytes()


def upload(wire: Wire, ann: Somebody, content: bytes, query: str = "", **headers: str) -> Any:
    sent = {"Content_Type": "image/png", "Idempotency_Key": uuid4().hex, "Authorization": ann.bearer} | headers
    return wire.send("POST", "/v1/assets/photos" + query, content, **sent)


def test_photos_that_are_none(wire: Wire, ann: Somebody, photo: bytes, tmp_path: Path) -> None:
    bomb = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (60_000).to_bytes(4, "big") * 2 + photo[24:]
    liars = [b"", b"\x00" * 64, b"<svg onload=alert(1)>", b"GIF89a" + b"\x00" * 50, photo[: len(photo) // 2], bomb]
    liars += [b"\xff\xd8\xff", photo + b"PK\x03\x04" + b"\x00" * 200, b"%PDF-1.7", photo[:8] + b"\xff" * 4_000]
    for content in liars:
        check_refusal(upload(wire, ann, content), 413, 415, 422, secrets=[ann.person.email])


def test_titles_that_are_none(wire: Wire, ann: Somebody, photo: bytes) -> None:
    bad = (
        "title=",
        "title=" + "x" * 5_000,
        "title=a%00b",
        "title=a%0ab",
        "title=a&title=b",
        "title=a&other=b",
        "title[]=a",
    )
    for query in bad:
        check_refusal(upload(wire, ann, photo, "?" + query), 400, 414, 422)


def test_octets_in_a_title_that_are_no_text_stay_as_they_were_written(wire: Wire, ann: Somebody, photo: bytes) -> None:
    for written in ("%FF%FE", "%ED%A0%80"):
        answer = upload(wire, ann, photo, f"?title={written}")
        assert (answer.status, answer.problem["title"]) == (201, written)


def test_an_upload_under_another_media_type(wire: Wire, ann: Somebody, photo: bytes) -> None:
    for kind in ("text/html", "multipart/form-data; boundary=x", "application/json", "image", "nonsense"):
        check_refusal(upload(wire, ann, photo, Content_Type=kind), 415)


def test_an_upload_that_breaks_off(wire: Wire, ann: Somebody, photo: bytes) -> None:
    lines = [f"Authorization: {ann.bearer}", f"Idempotency-Key: {uuid4().hex}", "Content-Type: image/png"]
    before = _photo_ids(wire, ann)
    for head in (f"Content-Length: {len(photo)}", "Transfer-Encoding: chunked"):
        begun = request("POST", "/v1/assets/photos", *lines, head)
        cut = photo[:10_000] if "Length" in head else chunked(photo[:10_000])[:-7]
        check_refused_somewhere(wire.slowly([begun, cut], 0.2, patience_s=1.0))
    assert _photo_ids(wire, ann) == before


def _photo_ids(wire: Wire, ann: Somebody) -> list[str]:
    answer = wire.send("GET", "/v1/assets/photos?limit=100", Authorization=ann.bearer)
    return [photo["id"] for photo in answer.problem["items"]]


def test_a_body_that_trickles_takes_no_place_from_others(wire: Wire, ann: Somebody) -> None:
    """Forty bodies that never end, while the rest is answered as ever."""
    lines = ["Content-Type: application/json", "Content-Length: 4000", f"Idempotency-Key: {uuid4().hex}"]
    begun = request("POST", "/v1/identity/accounts", *lines)
    drops = [begun, *[b" "] * 12]
    slow = [threading.Thread(target=wire.slowly, args=(drops, 0.25, 1.0), daemon=True) for _ in range(40)]
    for each in slow:
        each.start()
    for _ in range(10):
        answer = wire.send("GET", "/v1/identity/profile", Authorization=ann.bearer)
        assert answer.status == 200
        check_discreet(answer)
    for each in slow:
        each.join()
