"""C1, K1, RT1 and the parts of S1, U3 and C4 that an account meets."""

from datetime import date

import psycopg
import pytest

from nexoraz.identity.adapters.argon2id import Argon2Passwords
from nexoraz.local.credentials import Credentials
from nexoraz.local.layout import SERVICES, Layout
from tests.journey.demo import ROOT
from tests.journey.person import Person, Refused
from tests.journey.running import RunningSuite
from tests.policy.asking import ask
from tests.policy.conftest import Evidence

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
shows = pytest.mark.shows


@shows("C1", "registration")
@shows("C1", "verified email")
@shows("C1", "name optional")
def test_an_account_needs_no_name_and_opens_when_its_address_is_confirmed(
    suite: RunningSuite, evidence: Evidence
) -> None:
    person = suite.person()
    details = {"email": person.email, "password": person.password, "country": "DE", "birth_date": "1990-04-01"}
    assert ask(person, "POST", "/v1/identity/accounts", details).status == 202
    with pytest.raises(Refused) as refused:
        person.sign_in()
    assert refused.value.status == 401
    person.confirm()
    person.sign_in()
    assert person.call("GET", "/v1/identity/profile")["name"] is None
    evidence("401 before the mailed token, signed in after it, profile without a name")


@shows("C1", "sign-out")
@shows("C1", "sessions listed and revoked")
def test_sessions_are_listed_revoked_and_ended(ann: Person, evidence: Evidence) -> None:
    ann.sign_in()
    other = Person(ann.places, ann.email)
    other.password = ann.password
    other.sign_in()
    listed = ann.call("GET", "/v1/identity/sessions")["items"]
    mine = next(session["id"] for session in listed if session["current"])
    theirs = ask(other, "GET", "/v1/identity/sessions").json["items"]
    its = next(session["id"] for session in theirs if session["current"])
    assert {mine, its} <= {session["id"] for session in listed}
    assert ask(ann, "DELETE", f"/v1/identity/sessions/{its}").status == 204
    assert ask(other, "GET", "/v1/identity/profile").status == 401
    assert ask(ann, "DELETE", "/v1/identity/sessions/current").status == 204
    assert ask(ann, "GET", "/v1/identity/profile").status == 401
    ann.sign_in()
    evidence(f"{len(listed)} sessions listed; a revoked one and a signed-out one get 401")


@shows("C1", "password kept by argon2id")
@shows("S1", "encrypted at rest")
def test_neither_password_nor_address_lies_in_a_table(ann: Person, suite: RunningSuite, evidence: Evidence) -> None:
    layout = Layout(ROOT, suite.var, suite.port)
    password = Credentials(layout.secrets).get("postgres-admin")
    looked_at = 0
    for service in SERVICES:
        with psycopg.connect(
            host="127.0.0.1", port=layout.postgres_port, user="postgres", password=password, dbname=f"nexoraz_{service}"
        ) as database:
            tables = database.execute("SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'public'").fetchall()
            for (table,) in tables:
                query = f'SELECT count(*) FROM "{table}" t WHERE strpos(t::text, %s) > 0 OR strpos(t::text, %s) > 0'
                row = database.execute(query, (ann.email, ann.password)).fetchone()
                assert row == (0,), (service, table)
                looked_at += 1
    assert argon2_parameters().startswith("argon2id ")
    evidence(f"{looked_at} tables of five services hold neither; {argon2_parameters()}")


def argon2_parameters() -> str:
    """The kind and the costs that a hash of the adapter names."""
    return " ".join(Argon2Passwords().hash("an example of a password").split("$")[1:4])


@shows("C4", "session cookie only")
def test_signing_in_sets_the_session_cookies_and_nothing_else(ann: Person, evidence: Evidence) -> None:
    credentials = {"email": ann.email, "password": ann.password}
    anonymous = Person(ann.places)
    before = ask(anonymous, "GET", "/v1/privacy/policy")
    assert "Set-Cookie" not in before.headers
    cookies = ask(anonymous, "POST", "/v1/identity/sessions", credentials).headers.getlist("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} == {"__Host-nexoraz", "__Secure-nexoraz-refresh"}
    for cookie in cookies:
        assert all(mark in cookie for mark in ("HttpOnly", "Secure", "SameSite=")), cookie
    evidence("none before sign-in; then the session and its renewal, HttpOnly, Secure, SameSite")


@shows("K1", "age by country")
@shows("K1", "nothing kept below it")
def test_the_age_of_consent_is_the_countrys_and_below_it_nothing_stays(suite: RunningSuite, evidence: Evidence) -> None:
    today = date.today()
    fourteen = today.replace(year=today.year - 14, day=min(today.day, 28)).isoformat()
    statuses = {}
    for country in ("AT", "DE", "US"):
        person = suite.person()
        details = {"email": person.email, "password": person.password, "country": country, "birth_date": fourteen}
        statuses[country] = ask(person, "POST", "/v1/identity/accounts", details).status
        if country == "DE":
            assert person.mails() == []
            details |= {"birth_date": "1990-04-01"}
            assert ask(person, "POST", "/v1/identity/accounts", details).status == 202
            person.confirm()
    assert statuses == {"AT": 202, "DE": 403, "US": 202}
    evidence(f"a person of 14: {statuses}; the refused address registers as new afterwards")


@shows("RT1", "profile with ETags")
def test_a_profile_is_changed_by_whoever_saw_its_last_version(ann: Person, evidence: Evidence) -> None:
    ann.sign_in()
    read = ask(ann, "GET", "/v1/identity/profile")
    change = {"name": "Ann Other"}
    assert ask(ann, "PATCH", "/v1/identity/profile", change).status == 428
    assert ask(ann, "PATCH", "/v1/identity/profile", change, If_Match=read.headers["ETag"]).status == 200
    assert ask(ann, "PATCH", "/v1/identity/profile", change, If_Match=read.headers["ETag"]).status == 412
    assert ann.call("GET", "/v1/identity/profile")["name"] == "Ann Other"
    evidence("428 without a version, 200 with the last one, 412 with an old one")


@shows("S1", "security headers")
def test_every_answer_carries_the_security_headers(ann: Person, evidence: Evidence) -> None:
    wanted = {"X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Content-Security-Policy"}
    for path in ("/v1/identity/profile", "/v1/assets/photos", "/v1/billing/packs", "/v1/privacy/policy", "/nowhere"):
        answer = ask(ann, "GET", path)
        assert wanted <= set(answer.headers), (path, answer.headers)
    evidence(", ".join(sorted(wanted)))
