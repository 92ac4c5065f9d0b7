"""Only a valid token of a session and account that are not revoked at this moment is let in."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey
from sqlalchemy import MetaData, event

from nexoraz.service import revocations
from nexoraz.service.app import create_app
from nexoraz.service.auth import (
    COOKIE,
    Authenticator,
    auth_tables,
    clear_session_cookie,
    forget_key,
    remember_key,
    revoke,
    revoke_async,
    session_cookie,
)
from nexoraz.service.database import make_engine
from nexoraz.service.settings import Secret, ServiceSettings
from nexoraz.service.tokens import TokenClaims, new_signing_key, public_jwk, public_key, sign_token

PHOTOS = "/v1/gallery/photos"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def status(gallery: Any, token: str) -> int:
    return int(gallery.client().get(PHOTOS, headers={"Authorization": f"Bearer {token}"}).status_code)


def forged(gallery: Any, *, key: Any = None, header: dict[str, Any] | None = None, **changes: Any) -> str:
    now = int(datetime.now(UTC).timestamp())
    claims = {
        "iss": "nexoraz-identity", "aud": "nexoraz", "sub": str(uuid4()), "sid": str(uuid4()),
        "iat": now, "exp": now + 600, "auth_time": now, "roles": [], **changes,
    }  # fmt: skip
    head = {"alg": "Ed25519", "kid": gallery.signing_key["kid"], **(header or {})}
    return jwt.encode(head, claims, key or OKPKey.import_key(gallery.signing_key), algorithms=["Ed25519", "HS256"])


def test_a_valid_token_is_let_in_and_the_answer_is_kept_by_no_cache(gallery: Any) -> None:
    answer = gallery.client().get(PHOTOS, headers=gallery.signed_in())
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert status(gallery, forged(gallery)) == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "someone"},
        {"aud": "elsewhere"},
        {"aud": ["nexoraz", "elsewhere"]},
        {"sub": "not-a-uuid"},
        {"sid": None},
        {"iat": 10**12, "exp": 10**12 + 600},
        {"exp": 1},
        {"exp": 10**12},
        {"auth_time": 10**30},
        {"roles": 5},
        {"header": {"kid": "unknown"}},
        {"header": {"kid": "x" * 200}},
        {"key": OKPKey.generate_key("Ed25519")},
        {"key": OctKey.generate_key(256), "header": {"alg": "HS256"}},
    ],
)
def test_a_token_that_is_wrong_in_any_one_way_is_refused(gallery: Any, changes: dict[str, Any]) -> None:
    assert status(gallery, forged(gallery, **changes)) == 401


def test_a_narrow_token_opens_no_route_that_did_not_ask_for_it(gallery: Any) -> None:
    assert status(gallery, forged(gallery)) == 200
    for audience in ("nexoraz/requests", "nexoraz/everything", "nexoraz/", ["nexoraz", "nexoraz/requests"]):
        assert status(gallery, forged(gallery, aud=audience)) == 401
    assert status(gallery, forged(gallery, scope="requests")) == 200  # the audience alone narrows


NUMBER_AS_KID = "eyJhbGciOiJFZDI1NTE5Iiwia2lkIjo3fQ.e30.AAAA"
NO_ALGORITHM = "eyJhbGciOiJub25lIn0.e30."


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "e30.e30.", NO_ALGORITHM, NUMBER_AS_KID, "é.é.é", "A" * 9000])
def test_what_is_no_token_is_refused(gallery: Any, token: str) -> None:
    answer = gallery.client().get(PHOTOS, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_changed_payload_and_another_scheme_are_refused(gallery: Any) -> None:
    head, body, signature = gallery.token().split(".")
    other_body = gallery.token(account_id=str(uuid4())).split(".")[1]
    assert status(gallery, ".".join((head, other_body, signature))) == 401
    assert (
        gallery.client().get(PHOTOS, headers={"Authorization": f"Basic {head}.{body}.{signature}"}).status_code == 401
    )
    assert gallery.client().get(PHOTOS).status_code == 401


def test_a_token_expires_after_ten_minutes_though_it_was_seen_before(gallery: Any) -> None:
    token = gallery.token()
    assert status(gallery, token) == 200
    gallery.clock.ahead = 601
    assert status(gallery, token) == 401


@pytest.mark.parametrize("subject", ["session_id", "account_id"])
def test_a_revoked_session_or_account_is_refused_from_the_commit_on(gallery: Any, subject: str) -> None:
    token = gallery.token()
    assert status(gallery, token) == 200
    with gallery.engine.begin() as conn:
        revoke(conn, getattr(gallery, subject))
        assert status(gallery, token) == 200
    assert status(gallery, token) == 401
    assert status(gallery, gallery.token(account_id=str(uuid4()), session_id=str(uuid4()))) == 200


def test_signing_out_everywhere_refuses_older_tokens_only(gallery: Any) -> None:
    now = datetime.now(UTC)
    old, new = gallery.token(now - timedelta(seconds=60)), gallery.token(now)
    with gallery.engine.begin() as conn:
        revoke(conn, gallery.account_id, issued_until=now - timedelta(seconds=30))
    assert (status(gallery, old), status(gallery, new)) == (401, 200)


def test_a_revocation_for_ever_is_not_weakened_by_a_later_one(gallery: Any) -> None:
    with gallery.engine.begin() as conn:
        revoke(conn, gallery.account_id)
        revoke(conn, gallery.account_id, issued_until=NOW)
    assert status(gallery, gallery.token()) == 401
    with gallery.engine.begin() as conn:
        revoke(conn, gallery.session_id, issued_until=datetime.now(UTC) + timedelta(hours=1))
        revoke(conn, gallery.session_id, issued_until=NOW)
        other = gallery.token(account_id=str(uuid4()))
    assert status(gallery, other) == 401


async def _revoke_on_driver(dsn: str, subject: str) -> None:
    async with await psycopg.AsyncConnection.connect(dsn) as conn:
        await revoke_async(conn, subject)


def test_a_worker_revokes_on_its_own_connection(gallery: Any, dsn: str) -> None:
    asyncio.run(_revoke_on_driver(dsn, gallery.account_id))
    assert status(gallery, gallery.token()) == 401


def test_when_the_database_cannot_be_asked_nobody_is_let_in(gallery: Any, dsn: str) -> None:
    token = gallery.token()
    assert status(gallery, token) == 200
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("alter table revocations rename to elsewhere")
        assert status(gallery, token) == 503
        conn.execute("alter table elsewhere rename to revocations")
    assert status(gallery, token) == 200
    away = make_engine("postgresql://nobody@127.0.0.1:9/none")
    settings = ServiceSettings(database_url=Secret("unused"))
    blueprint = gallery.app.blueprints["photos"]
    authenticator = Authenticator(away, auth_tables(MetaData()), settings.public_url)
    app = create_app("gallery", "1", settings, [blueprint], {}, authenticator=authenticator)
    assert app.test_client().get(PHOTOS, headers={"Authorization": f"Bearer {token}"}).status_code == 503


def test_a_lookup_survives_that_the_database_hung_up(gallery: Any, dsn: str) -> None:
    assert status(gallery, gallery.token()) == 200
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
    assert status(gallery, gallery.token()) == 200


def test_a_key_past_its_time_or_forgotten_verifies_nothing(gallery: Any) -> None:
    token = gallery.token()
    assert status(gallery, token) == 200
    with gallery.engine.begin() as conn:
        forget_key(conn, gallery.signing_key["kid"])
    gallery.clock.ahead = revocations.KEYS_KEPT + 1
    assert status(gallery, token) == 401
    with gallery.engine.begin() as conn:
        jwk = public_jwk(gallery.signing_key)
        remember_key(conn, gallery.signing_key["kid"], jwk, datetime.now(UTC) - timedelta(seconds=1))
    gallery.clock.ahead = 0
    assert status(gallery, gallery.token()) == 401


def test_a_key_that_was_remembered_after_the_start_is_found_within_a_second_or_so(gallery: Any) -> None:
    assert status(gallery, gallery.token()) == 200
    gallery.signing_key = new_signing_key()
    with gallery.engine.begin() as conn:
        jwk = public_jwk(gallery.signing_key)
        remember_key(conn, gallery.signing_key["kid"], jwk, datetime.now(UTC) + timedelta(hours=1))
    gallery.clock.ahead = 1.5
    assert status(gallery, gallery.token()) == 200


def test_invented_key_ids_do_not_each_read_the_database(gallery: Any) -> None:
    reads: list[str] = []
    event.listen(gallery.engine, "before_cursor_execute", lambda *seen: reads.append(seen[2]))
    for number in range(20):
        assert status(gallery, forged(gallery, header={"kid": f"invented-{number}"})) == 401
    assert len(reads) <= 2


def test_a_private_key_is_not_taken_for_a_public_one() -> None:
    private = new_signing_key()
    with pytest.raises(ValueError, match="public"):
        public_key(private)
    assert "d" not in public_jwk(private)


def test_operators_only(gallery: Any) -> None:
    plain = {"Authorization": f"Bearer {gallery.token()}"}
    role = {"Authorization": f"Bearer {gallery.token(roles=frozenset({'operator'}))}"}
    assert gallery.client().get(f"{PHOTOS}/all", headers=plain).status_code == 403
    assert gallery.client().get(f"{PHOTOS}/all", headers=role).get_json() == {"for": gallery.account_id}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:8080"}, 201),
        ({"Origin": "http://LOCALHOST:8080"}, 201),
        ({}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:8081"}, 403),
        ({"Origin": "http://localhost:99999"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, 403),
    ],
)
def test_the_cookie_alone_does_nothing_for_pages_of_others(
    gallery: Any, headers: dict[str, str], expected: int
) -> None:
    client = gallery.client()
    client.set_cookie(COOKIE, gallery.token())
    sent = {"Idempotency-Key": "k", **headers}
    assert client.post(PHOTOS, json={"title": "by cookie"}, headers=sent).status_code == expected
    assert client.get(PHOTOS, headers=headers).status_code == 200


def test_the_cookie_is_out_of_reach_of_scripts_and_other_hosts(gallery: Any) -> None:
    response = gallery.app.response_class()
    session_cookie(response, "token")
    cookie = response.headers["Set-Cookie"]
    for part in ("__Host-nexoraz=token", "HttpOnly", "Secure", "SameSite=Strict", "Path=/", "Max-Age=600"):
        assert part in cookie
    assert "Domain" not in cookie
    clear_session_cookie(response)
    assert "Max-Age=0" in response.headers.getlist("Set-Cookie")[1]


def test_a_token_says_who_and_since_when() -> None:
    key = new_signing_key()
    claims = TokenClaims(str(uuid4()), str(uuid4()), NOW, frozenset({"operator"}))
    body = jwt.decode(sign_token(key, claims, NOW), OKPKey.import_key(public_jwk(key)), algorithms=["Ed25519"]).claims
    assert body["exp"] - body["iat"] == 600
    assert (body["sub"], body["sid"], body["roles"]) == (claims.account_id, claims.session_id, ["operator"])
    assert body["auth_time"] == int(NOW.timestamp())
