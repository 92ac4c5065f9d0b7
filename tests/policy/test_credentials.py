"""How one signs in: the parts of C1, C2, U2 and RT1 that credentials, devices and changes are about."""

import re
from urllib.parse import urlsplit

import psycopg
import pytest

from nexoraz.identity.adapters.places import RegistryPlaces
from nexoraz.local.credentials import Credentials
from nexoraz.local.layout import Layout
from services.identity.tests.authenticator import Authenticator
from tests.journey.demo import ROOT
from tests.journey.person import Person, until
from tests.journey.running import RunningSuite
from tests.policy.asking import ask
from tests.policy.conftest import Evidence

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
shows = pytest.mark.shows
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
TOKEN = re.compile(r"^[0-9a-f-]{36}\.[0-9a-f-]{36}\.\S{43}$", re.MULTILINE)


def mailed(person: Person, words: str) -> str:
    """The text of the newest mail that says so, once it came."""

    def newest() -> str | None:
        return next((str(mail["text"]) for mail in person.mails() if words in mail["text"]), None)

    return until(newest, f"a mail with {words!r}")


def rows_with(suite: RunningSuite, text: str) -> int:
    """In how many rows of identity's tables the text can be read."""
    layout = Layout(ROOT, suite.var, suite.port)
    password = Credentials(layout.secrets).get("postgres-admin")
    where = {"host": "127.0.0.1", "port": str(layout.postgres_port), "user": "postgres", "dbname": "nexoraz_identity"}
    with psycopg.connect(password=password, **where) as database:  # type: ignore[arg-type]  # the stubs want each by name
        tables = database.execute("SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'public'").fetchall()
        queries = [f'SELECT count(*) FROM "{name}" t WHERE strpos(t::text, %s) > 0' for (name,) in tables]
        found = [database.execute(query, (text,)).fetchone() for query in queries]
    return sum(row[0] for row in found if row)


@shows("C2", "address cut")
@shows("C2", "place by an embedded database")
@shows("C2", "browser by family and version")
@shows("U2", "alert of a new device")
def test_a_sign_in_from_a_new_device_is_kept_cut_and_told(suite: RunningSuite, evidence: Evidence) -> None:
    person = suite.person()
    person.register()
    person.sign_in()
    credentials = {"email": person.email, "password": person.password}
    sent = {"User_Agent": FIREFOX, "X_Forwarded_For": "91.1.2.3"}
    assert ask(Person(person.places), "POST", "/v1/identity/sessions", credentials, **sent).status == 201
    sessions = person.call("GET", "/v1/identity/sessions")["items"]
    [seen] = [session for session in sessions if session["device"] == "Firefox 128 on Linux"]
    assert seen["network"].endswith("/24") and rows_with(suite, "Gecko") == rows_with(suite, "127.0.0.1") == 0
    assert "Firefox 128 on Linux" in mailed(person, "a device that we had not seen")
    places = {network: RegistryPlaces().country(network) for network in ("91.1.2.0/24", "8.8.8.0/24", seen["network"])}
    assert [*places.values()] == ["DE", "US", seen["country"] or ""]
    evidence(f"{seen['device']} in {seen['network']}, told by mail; countries by the database: {places}")


@shows("U2", "alert of a changed credential")
def test_a_password_is_reset_by_mail_and_the_owner_is_told(suite: RunningSuite, evidence: Evidence) -> None:
    person = suite.person()
    person.register()
    person.sign_in()
    assert ask(person, "POST", "/v1/identity/password/reset", {"email": person.email}).status == 202
    token = TOKEN.search(mailed(person, "forgot the password"))
    assert token is not None
    person.password = "a password of another kind"
    body = {"token": token[0], "password": person.password}
    assert ask(person, "POST", "/v1/identity/password/reset/finish", body).status == 204
    assert ask(person, "POST", "/v1/identity/password/reset/finish", body).status == 410
    assert ask(person, "GET", "/v1/identity/profile").status == 401
    person.sign_in()
    assert "was changed on" in mailed(person, "The password of your Nexoraz account")
    evidence("the link works once, every session ended, and a mail tells of it")


@shows("C1", "sign-in by passkey")
def test_a_passkey_signs_in_without_a_password_and_once_per_challenge(suite: RunningSuite, evidence: Evidence) -> None:
    person = suite.person()
    person.register()
    person.sign_in()
    phone = Authenticator(person.places.suite, urlsplit(person.places.suite).hostname or "")
    made = phone.create(person.call("POST", "/v1/identity/passkeys/registration")["publicKey"])
    person.call("POST", "/v1/identity/passkeys", {"name": "My phone", "credential": made})
    somebody = Person(person.places)
    signed = {"credential": phone.get(somebody.call("POST", "/v1/identity/passkeys/challenge")["publicKey"])}
    answer = ask(somebody, "POST", "/v1/identity/sessions/passkey", signed)
    assert (answer.status, answer.json["account_id"]) == (201, person.account_id)
    assert ask(somebody, "POST", "/v1/identity/sessions/passkey", signed).status == 401
    phone.origin = "https://elsewhere.example"
    phished = {"credential": phone.get(somebody.call("POST", "/v1/identity/passkeys/challenge")["publicKey"])}
    assert ask(somebody, "POST", "/v1/identity/sessions/passkey", phished).status == 401
    evidence("signed by the key of the device; the same answer again and one for another origin get 401")


@shows("RT1", "history of changes")
def test_a_person_reads_what_was_changed_of_the_account(suite: RunningSuite, evidence: Evidence) -> None:
    person = suite.person()
    person.register()
    person.sign_in()
    version = ask(person, "GET", "/v1/identity/profile").headers["ETag"]
    assert ask(person, "PATCH", "/v1/identity/profile", {"name": "Ann Other"}, If_Match=version).status == 200
    changes = person.call("GET", "/v1/identity/profile/history")["items"]
    assert [(c["change"], c["values"].get("name")) for c in changes] == [
        ("renamed", "Ann Other"),
        ("address-confirmed", None),
        ("registered", "Ann Example"),
    ]
    evidence("; ".join(f"{c['change']} {c['values']}" for c in changes[::2]))
