"""Paths, queries, headers and methods that mean something else to one part of the suite than to another."""
# ruff: noqa: E501  # odd requests are read as tables

import base64
from typing import Any
from uuid import uuid4

import pytest

from tests.attacks.operations import ALL
from tests.attacks.people import GUARDED, Somebody
from tests.attacks.wire import PROBLEM, Wire, check_discreet, check_refusal, check_refused_somewhere, request

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

STRANGE_PATHS = [
    "/", "//", "/v1", "/v1/", "/v1/identity", "/v1/identity/", "/v1/nobody/at-all", "/v2/identity/keys", "/V1/identity/keys",
    "/v1/identity/keys/", "/v1/identity/KEYS",
    "/v1/identity/keys;v=1", "/v1/identity/keys%3bv=1", "/v1/identity/keys%00", "/v1/identity/%00", "/v1/identity/keys%0a",
    "/v1/identity/keys%2f", "/v1/identity%2fkeys", "/v1%2fidentity/keys", "/v1/identity/%2e%2e/%2e%2e/etc/passwd",
    "/v1/identity/..%2f..%2fetc/passwd", "/v1/identity/..%5c..%5cboot.ini", "/v1/identity/%252e%252e/keys",
    "/v1/assets/photos/..%2f..%2fidentity%2fkeys", "/v1/assets/photos/%2e%2e/%2e%2e/identity/none",
    "/v1/assets/photos/%c0%ae%c0%ae/", "/v1/assets/photos/%ff", "/v1/assets/photos/%e2%80%ae", "/v1/assets/photos/%F0%9F%92%A9",
    "/v1/assets/photos/0", "/v1/assets/photos/-1", "/v1/assets/photos/' OR 1=1--".replace(" ", "%20"),
    "/v1/assets/photos/{photo_id}", "/v1/assets/photos/%7bphoto_id%7d", "/v1/assets/photos/" + "a" * 6_000,
    "/v1/assets/photos/00000000-0000-0000-0000-00000000000g", "/v1/assets/photos/00000000000000000000000000000000",
    "/livez", "/readyz", "/metrics", "/v1/identity/livez", "/v1/identity/readyz", "/v1/identity/../livez", "/.env", "/.git/config",
    "/v1/identity/openapi.json/..", "/v1/identity/static/x", "/server-status", "/debug", "/console", "/dashboard/", "/api/rawdata",
    "/v1/identity/keys%3f", "/v1/identity/keys%23", "/v1/identity/keys%20", "/v1/identity/keys%09", "/%2e%2e/%2e%2e/",
    "/v1/assets/photos/%25", "/v1/assets/photos/%", "/v1/assets/photos/%zz", "/v1/identity/..;/keys",
]  # fmt: skip


@pytest.mark.parametrize("path", STRANGE_PATHS)
def test_a_strange_path_leads_nowhere(wire: Wire, ann: Somebody, path: str) -> None:
    answer = wire.raw(request("GET", path, f"Authorization: {ann.bearer}", "Connection: close"))
    assert answer is not None
    if answer.status in (301, 302, 307, 308):
        assert answer.headers["Location"].startswith(("/", "http://localhost")), answer.headers
        return
    check_refused_somewhere(answer)
    assert ann.person.email.encode() not in answer.body


def test_dots_are_never_a_way_to_another_route(wire: Wire, ann: Somebody) -> None:
    """A path with dots means what it means without them, to the gateway as to the service behind it."""
    odd = (
        "/v1/identity/../billing/balance",
        "/v1/billing/./balance",
        "/v1/billing/x/../balance",
        "//v1/billing/balance",
    )
    for path in (*odd, "/v1//billing/balance", "/v1/billing//balance"):
        answer = wire.raw(request("GET", path, "Connection: close"))
        assert answer is not None and answer.status in (301, 307, 308, 400, 401, 404), (path, answer)


@pytest.mark.parametrize(
    "path", ["/v1/identity/keys", "/v1/assets/photos", "/v1/render/jobs", "/v1/billing/packs", "/v1/privacy/requests"]
)
@pytest.mark.parametrize("method", ["TRACE", "PUT", "PROPFIND", "TRACK", "DEBUG", "get", "MOVE", "PURGE", "X" * 500])
def test_a_method_that_is_not_offered(wire: Wire, ann: Somebody, path: str, method: str) -> None:
    answer = wire.send(method, path, Authorization=ann.bearer)
    check_refused_somewhere(answer)
    assert ann.person.token.encode() not in answer.body, "TRACE echoes"


@pytest.mark.parametrize("path", sorted({operation.path for operation in ALL}))
def test_only_the_documented_methods_answer(wire: Wire, ann: Somebody, path: str) -> None:
    known = {operation.method for operation in ALL if operation.path == path}
    target = path.format(**ann.ids)
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - known:
        answer = wire.send(method, target, b"{}", Authorization=ann.bearer)
        check_refusal(answer, 405)
        allowed = {each.strip() for each in answer.headers["Allow"].split(",")}
        assert known <= allowed <= known | {"HEAD", "OPTIONS"}


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"])
def test_a_header_does_not_change_the_method(wire: Wire, ann: Somebody, name: str) -> None:
    path = f"/v1/assets/photos/{ann.ids['photo_id']}"
    answer = wire.send("GET", path, Authorization=ann.bearer, If_Match='"1"', **{name: "DELETE"})
    assert answer.status in (200, 400)
    assert wire.send("GET", f"{path}?_method=DELETE", Authorization=ann.bearer).status in (200, 422)
    assert wire.send("GET", path, Authorization=ann.bearer).status == 200


LISTS = [
    "/v1/identity/sessions",
    "/v1/assets/photos",
    "/v1/render/jobs",
    "/v1/billing/ledger",
    "/v1/billing/purchases",
    "/v1/privacy/requests",
]
BAD_QUERIES = [
    "limit=0", "limit=-1", "limit=101", "limit=1e9", "limit=9" * 3, "limit=" + "9" * 400, "limit=abc", "limit=", "limit=%00",
    "limit=1&limit=2", "limit=1&limit=-1", "limit[]=1", "cursor=abc", "cursor=" + "A" * 3_000, "cursor=e30", "cursor=W10",
    "cursor=WyJhIiwiYiJd", "cursor=%00", "cursor=%ff", "cursor=a&cursor=b", "unknown=1", "account_id=" + str(uuid4()),
    "cursor=WzFlOTk5XQ", "cursor=Wzk5OTk5OTk5OTk5OTk5OTk5OTk5XQ",
    "limit=%EF%BC%91", "limit=0x10", "limit=1%20", "%00=1", "&&&=", "limit=1;cursor=2",
]  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
def test_a_query_that_means_nothing(wire: Wire, ann: Somebody, path: str) -> None:
    accepted = []
    for query in BAD_QUERIES:
        answer = wire.send("GET", f"{path}?{query}", Authorization=ann.bearer)
        if answer.status == 200:
            accepted.append(query)
            continue
        check_refusal(answer, 400, 422)
    assert set(accepted) <= {"limit=%EF%BC%91", "limit=1%20", "&&&=", "cursor=", "limit="}, accepted


def test_a_cursor_that_was_made_up_finds_only_ones_own(wire: Wire, ann: Somebody) -> None:
    """Cursors are no secret and need no signature: what is in them is compared with the caller's own rows."""
    invented = base64.urlsafe_b64encode(b'["2999-01-01T00:00:00+00:00","\' OR 1=1--"]').decode().rstrip("=")
    for path in LISTS:
        answer = wire.send("GET", f"{path}?cursor={invented}", Authorization=ann.bearer)
        if answer.status == 200:
            whole = wire.send("GET", f"{path}?limit=100", Authorization=ann.bearer).problem["items"]
            assert all(item in whole for item in answer.problem["items"])
        else:
            check_refusal(answer, 400)


def test_a_cursor_of_another_list_or_person_opens_nothing(wire: Wire, ann: Somebody, bob: Somebody) -> None:
    cursors = {}
    for path in LISTS:
        following = wire.send("GET", f"{path}?limit=1", Authorization=ann.bearer).problem["next"]
        if following:
            cursors[path] = following
    assert cursors
    for made_by, cursor in list(cursors.items()):
        for path in LISTS:
            answer = wire.send("GET", f"{path}?cursor={cursor}", Authorization=bob.bearer)
            if answer.status == 200:
                shown = [item for item in answer.problem["items"] if item.get("id") in ann.ids.values()]
                assert shown == [], (made_by, path)
            else:
                check_refusal(answer, 400, 422)


HUGE = "x" * 70_000
HEADERS: list[dict[str, str]] = [
    {"X-Forwarded-For": "1.2.3.4"}, {"X-Forwarded-For": "'; DROP TABLE events; --"}, {"X-Forwarded-For": HUGE[:5_000]},
    {"X-Forwarded-Host": "evil.example"}, {"X-Forwarded-Proto": "gopher"}, {"X-Forwarded-Prefix": "/../.."},
    {"X-Forwarded-Port": "-1"}, {"Forwarded": "for=evil;host=evil.example"}, {"X-Original-URL": "/v1/billing/balance"},
    {"X-Rewrite-URL": "/livez"}, {"Host": "evil.example"}, {"Host": "localhost:99999"}, {"Host": "a b"}, {"Host": "[::1"},
    {"X-Real-Ip": "127.0.0.1"}, {"Traceparent": "00-zz-zz-zz"}, {"Traceparent": HUGE[:5_000]}, {"Tracestate": "a=" + HUGE[:4_000]},
    {"Baggage": "a=" + HUGE[:9_000]}, {"User-Agent": "\xff\xfe"}, {"User-Agent": HUGE[:8_000]}, {"Accept": "nonsense"},
    {"Accept-Encoding": "gzip;q=nan"}, {"Accept-Language": "\x80"}, {"Cookie": "__Host-nexoraz"}, {"Cookie": "a" * 8_000},
    {"Cookie": "=;=;;=\xff"}, {"Connection": "close, Authorization"}, {"Upgrade": "h2c", "Connection": "Upgrade, HTTP2-Settings"},
    {"Upgrade": "websocket", "Connection": "Upgrade"}, {"Expect": "200-maybe"}, {"If-None-Match": '"' + "x" * 4_000},
    {"If-None-Match": "*"}, {"If-Modified-Since": "yesterday"}, {"If-Range": "nonsense"}, {"Range": "bytes=-"}, {"Range": "bytes=5-1"},
    {"Range": "bytes=" + ",".join(["0-1"] * 900)}, {"Last-Event-ID": "-1"}, {"Last-Event-ID": "9" * 400}, {"Last-Event-ID": "abc"},
    {"Idempotency-Key": HUGE[:3_000]}, {"Content-Length": "0"}, {"Proxy": "http://evil.example"}, {"Te": "trailers"},
]  # fmt: skip


@pytest.mark.parametrize(
    "headers", HEADERS, ids=lambda headers: " ".join(f"{n}={v[:20]!a}" for n, v in headers.items())
)
def test_a_strange_header_changes_nothing_or_is_refused(wire: Wire, ann: Somebody, headers: dict[str, str]) -> None:
    things = [*GUARDED.values(), f"/v1/assets/photos/{ann.ids['photo_id']}/content"]
    things += [f"/v1/privacy/requests/{ann.ids['request_id']}", f"/v1/render/jobs/{ann.ids['job_id']}/output"]
    for path in things:
        answer = wire.send("GET", path, **({"Authorization": ann.bearer} | headers))
        check_discreet(answer, ["evil.example"])
        if answer.status >= 400:
            check_refused_somewhere(answer)
        else:
            assert answer.status in (200, 206, 304), (path, answer.status)


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Cookie", "Authorization", "Idempotency-Key", "X-Anything"])
def test_huge_headers_are_refused(wire: Wire, name: str) -> None:
    check_refused_somewhere(
        wire.raw(request("GET", "/v1/identity/profile", f"{name}: {'x' * 2_000_000}", "Connection: close"))
    )
    many = [f"X-{number}: {'y' * 100}" for number in range(12_000)]
    check_refused_somewhere(wire.raw(request("GET", "/v1/identity/profile", *many, "Connection: close")))


SMUGGLED = b"GET /v1/billing/balance HTTP/1.1\r\nHost: localhost\r\n\r\n"
AMBIGUOUS = [
    ("Content-Length: 5", "Content-Length: 6"), ("Content-Length: 5, 6",), ("Content-Length: +5",), ("Content-Length: -5",),
    ("Content-Length: 0x5",), ("Content-Length: 5\x0b",), ("Content-Length : 5",), ("Content-Length: 99999999999999999999999",),
    ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"), ("Transfer-Encoding: xchunked",), ("Transfer-Encoding: gzip",),
    ("Transfer-Encoding: identity",), ("Transfer-Encoding : chunked",), ("Transfer-Encoding:\x0bchunked",),
    ("Transfer-Encoding: chunked, identity",), ("Transfer-Encoding: cow", "Content-Length: 5"), ("Content-Length:",),
]  # fmt: skip


@pytest.mark.parametrize("headers", AMBIGUOUS, ids=repr)
def test_a_length_that_can_be_read_in_two_ways(wire: Wire, headers: tuple[str, ...]) -> None:
    kept = ("Content-Type: application/json", "Idempotency-Key: smuggled", "Connection: close")
    answer = wire.raw(
        request("POST", "/v1/identity/accounts", *kept, *headers, body=b"{}   " + SMUGGLED), patience_s=5.0
    )
    check_refused_somewhere(answer)


def test_a_length_beside_chunks_does_not_smuggle_a_request(wire: Wire) -> None:
    """Chunks count (RFC 9112, 6.3); the gateway sends on one request with one length."""
    kept = ("Content-Type: application/json", f"Idempotency-Key: {uuid4().hex}", "Connection: close")
    both = ("Content-Length: 6", "Transfer-Encoding: chunked")
    answer = wire.raw(
        request("POST", "/v1/identity/accounts", *kept, *both, body=b"0\r\n\r\n" + SMUGGLED), patience_s=5.0
    )
    check_refused_somewhere(answer)


@pytest.mark.parametrize(
    "raw",
    [b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET http://evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n",
     b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"\x00" * 100,
     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
     b"GET /v1/identity/keys HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET /v1/identity/keys\r\n\r\n",
     b"GET /v1/identity/keys HTTP/1.1\nHost: localhost\r\n X-Folded: 1\r\n\r\n"],
    ids=repr,
)  # fmt: skip
def test_what_is_no_http_request(wire: Wire, raw: bytes) -> None:
    answer = wire.raw(raw, patience_s=3.0)
    if answer is not None and answer.status < 400:
        check_discreet(answer)
        return
    check_refused_somewhere(answer)


@pytest.mark.parametrize(
    "extra",
    [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
     {"Sec-Fetch-Site": "none"}, {"Origin": "http://localhost.evil.example"}, {"Origin": "http://localhost:1"}, {"Origin": "\x80"},
     {"Origin": "http://[::1"}, {"Referer": "https://evil.example"}, {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}],
    ids=repr,
)  # fmt: skip
def test_a_cookie_does_not_act_for_a_foreign_page(wire: Wire, ann: Somebody, extra: dict[str, str]) -> None:
    photo = f"/v1/assets/photos/{ann.ids['photo_id']}"
    cookie = {"Cookie": f"__Host-nexoraz={ann.fresh().person.token}"} | extra
    for method, path, body in (
        ("DELETE", photo, None),
        ("PATCH", photo, {"title": "Theirs"}),
        ("POST", "/v1/privacy/requests", {"type": "erasure", "immediate": True}),
        ("POST", "/v1/billing/purchases", {"pack": "starter"}),
        ("POST", "/v1/render/jobs", {"photo_id": ann.ids["photo_id"], "preset": "marketplace-white"}),
        ("DELETE", "/v1/identity/sessions", None),
    ):
        sent: dict[str, Any] = {"Idempotency_Key": uuid4().hex, "If_Match": '"1"'} | cookie
        check_refusal(wire.send(method, path, body, **sent), 403, secrets=["evil.example"])
    read = wire.send("GET", photo, **cookie)
    assert read.status == 200
    assert not [name for name in read.headers if name.lower().startswith("access-control-")], (
        "no other site may read it"
    )


def test_a_cookie_acts_for_our_own_page(wire: Wire, ann: Somebody) -> None:
    cookie = {"Cookie": f"__Host-nexoraz={ann.fresh().person.token}", "Sec-Fetch-Site": "same-origin"}
    answer = wire.send("POST", "/v1/privacy/requests", {"type": "everything"}, Idempotency_Key=uuid4().hex, **cookie)
    check_refusal(answer, 422)


@pytest.mark.parametrize("key", [None, "", " ", "x" * 256, "a\tb", "\x80key", "a,b" * 100, '"' + "q" * 300])
@pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/identity/accounts", {}), ("/v1/billing/purchases", {"pack": "starter"}), ("/v1/assets/photos", {}),
     ("/v1/privacy/requests", {"type": "access"}), ("/v1/render/jobs", {"photo_id": str(uuid4()), "preset": "x"})],
)  # fmt: skip
def test_an_idempotency_key_that_is_none(wire: Wire, ann: Somebody, path: str, body: Any, key: str | None) -> None:
    headers = {"Authorization": ann.bearer} | ({} if key is None else {"Idempotency_Key": key})
    answer = wire.send("POST", path, body, **headers)
    check_refusal(answer, 400)
    assert answer.problem["type"].endswith("idempotency-key-required"), answer.body


def test_a_key_names_one_request_of_one_person(wire: Wire, ann: Somebody, bob: Somebody) -> None:
    key = uuid4().hex
    first = wire.send(
        "POST", "/v1/billing/purchases", {"pack": "starter"}, Authorization=ann.bearer, Idempotency_Key=key
    )
    assert first.status == 201
    again = wire.send(
        "POST", "/v1/billing/purchases", {"pack": "starter"}, Authorization=ann.bearer, Idempotency_Key=key
    )
    assert (again.status, again.body) == (201, first.body)
    other = wire.send(
        "POST", "/v1/billing/purchases", {"pack": "studio"}, Authorization=ann.bearer, Idempotency_Key=key
    )
    check_refusal(other, 422, secrets=[first.problem["client_secret"]])
    foreign = wire.send(
        "POST", "/v1/billing/purchases", {"pack": "starter"}, Authorization=bob.bearer, Idempotency_Key=key
    )
    assert foreign.status == 201 and foreign.problem["id"] != first.problem["id"]


@pytest.mark.parametrize(
    "tag", ["", "*", 'W/"1"', "1", '"', '"1', '"1", "2"', '"9999999999999999999999"', '"-1"', "\x80", '"' + "1" * 4_000]
)
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_an_etag_that_is_none(wire: Wire, ann: Somebody, method: str, tag: str) -> None:
    path = f"/v1/assets/photos/{ann.ids['photo_id']}"
    if tag in ("*", '"1", "2"') and method == "DELETE":
        path = f"/v1/assets/photos/{uuid4()}"
    answer = wire.send(method, path, {"title": "x" * 500}, Authorization=ann.bearer, If_Match=tag)
    check_refusal(answer, 400, 404, 412, 422, 428)
    assert wire.send("GET", f"/v1/assets/photos/{ann.ids['photo_id']}", Authorization=ann.bearer).status == 200


@pytest.mark.parametrize(
    "given",
    ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=99999999999-", "bytes=1-0", "bytes=a-b", "bytes=-0", "bytes", "bytes=", "items=0-1",
     "bytes=0-1,3-4", "bytes=" + ",".join(f"{n}-{n}" for n in range(500)), "bytes=0-99999999999999999999999", "bytes=--1", "\x80"],
)  # fmt: skip
def test_a_range_gives_its_bytes_or_nothing(wire: Wire, ann: Somebody, given: str) -> None:
    for path in (f"/v1/assets/photos/{ann.ids['photo_id']}/content", f"/v1/render/jobs/{ann.ids['job_id']}/output",
                 f"/v1/privacy/requests/{ann.ids['request_id']}/archive"):  # fmt: skip
        whole = wire.send("GET", path, Authorization=ann.bearer)
        answer = wire.send("GET", path, Authorization=ann.bearer, Range=given)
        if answer.status == 206:
            first, last = answer.headers["Content-Range"].removeprefix("bytes ").partition("/")[0].split("-")
            assert answer.body == whole.body[int(first) : int(last) + 1]
        elif answer.status == 200:
            assert answer.body == whole.body
        else:
            check_refusal(answer, 416)


def test_answers_about_a_person_are_for_no_cache_and_no_frame(wire: Wire, ann: Somebody) -> None:
    for path in GUARDED.values():
        answer = wire.send("GET", path, Authorization=ann.bearer)
        assert "no-store" in answer.headers["Cache-Control"], path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.media_type in ("application/json", PROBLEM)
