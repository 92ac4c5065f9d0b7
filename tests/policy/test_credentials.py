"""How one signs in: the parts of C1, C2, U2 and RT1 that credentials, devices and changes are about."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import psycopg
import pytest
import urllib3

from nexoraz.identity.adapters.places import RegistryPlaces
from nexoraz.local.credentials import Credentials
from nexoraz.local.layout import Layout
from services.identity.tests import provider
from services.identity.tests.authenticator import Authenticator
from tests.journey.demo import ROOT
from tests.journey.person import Person, until
from tests.journey.running import OPENID_PORT, RunningSuite
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


@contextmanager
def openid_provider(suite: RunningSuite) -> Iterator[str]:
    """The provider that the suite knows, in a process of its own."""
    port = suite.port + OPENID_PORT
    script, quiet = str(Path(provider.__file__)), subprocess.DEVNULL
    process = subprocess.Popen([sys.executable, script, str(port)], stdout=quiet, stderr=quiet)
    try:
        issuer = f"http://127.0.0.1:{port}"
        until(lambda: _answers(f"{issuer}/keys"), "the provider started")
        yield issuer
    finally:
        process.terminate()
        process.wait(10)


def _answers(url: str) -> bool | None:
    try:
        return urllib3.request("GET", url, retries=False, timeout=2).status == 200
    except urllib3.exceptions.HTTPError:
        return None


def at_the_provider(begun: dict[str, str], email: str) -> dict[str, str]:
    """The person's browser goes to the provider, and comes back with its answer."""
    who = urlencode({"subject": email, "email": email})
    answer = urllib3.request("GET", f"{begun['authorization_url']}&{who}", redirect=False)
    back = parse_qs(urlsplit(answer.headers["Location"]).query)
    return {"handle": begun["handle"], "code": back["code"][0], "state": back["state"][0]}


@shows("C1", "sign-in by OpenID Connect")
def test_a_provider_signs_in_whom_the_owner_has_linked(suite: RunningSuite, evidence: Evidence) -> None:
    person = suite.person()
    person.register()
    person.sign_in()
    stranger, base = Person(person.places), "/v1/identity/openid/example-id"
    with openid_provider(suite) as issuer:

        def answered() -> dict[str, str]:
            return at_the_provider(stranger.call("POST", f"{base}/authorization"), person.email)

        body = {"provider": "example-id", **answered()}
        assert ask(stranger, "POST", "/v1/identity/sessions/openid", body).status == 409
        person.call(
            "POST", f"{base}/link", at_the_provider(person.call("POST", f"{base}/link/authorization"), person.email)
        )
        body = {"provider": "example-id", **answered()}
        signed_in = ask(stranger, "POST", "/v1/identity/sessions/openid", body)
        assert (signed_in.status, signed_in.json["account_id"]) == (201, person.account_id)
        assert ask(stranger, "POST", "/v1/identity/sessions/openid", body).status == 422
    evidence(f"by a provider at {issuer}: 409 before its owner linked the account, 201 afterwards, once per answer")


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
