"""Opening an account over HTTP."""

import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from nexoraz.events.contracts import Received
from nexoraz.events.protocol_contracts import ErasureRequested
from nexoraz.identity.application.pace import Pace
from nexoraz.identity.bootstrap import build
from nexoraz.identity.config import Settings
from nexoraz.local.testing.services import close
from services.identity.tests.examples import EMAIL, PASSWORD
from services.identity.tests.integration.journeys import ACCOUNT, BASE, Person, bearer

pytestmark = pytest.mark.real


def test_an_account_is_registered_verified_and_used(person: Person) -> None:
    assert person.register().json == {"status": "received"}
    verified = person.verify(person.token())
    assert (verified.status_code, verified.json) == (200, {"status": "verified"})
    headers = bearer(person.sign_in())
    assert person.client.get(f"{BASE}/profile", headers=headers).json["email"] == EMAIL


def test_a_known_address_is_answered_like_a_new_one_and_told_by_mail(person: Person) -> None:
    first = person.register()
    person.verify(person.token())
    again = person.register(password="something else")
    assert (first.status_code, first.data) == (again.status_code, again.data) == (202, again.data)
    assert set(first.headers.keys()) == set(again.headers.keys())
    to, text = person.receive()[-1]
    assert to == EMAIL and "There is one already" in text


def test_the_same_request_is_answered_again_without_effect(person: Person) -> None:
    first, again = person.register("key-1"), person.register("key-1")
    assert again.headers["Idempotency-Replayed"] == "true" and again.data == first.data
    assert person.events() == ["account-registered.v1", "verification-started.v1"]
    assert len(person.receive()) == 1


def test_a_key_that_named_another_request_is_refused(person: Person) -> None:
    person.register("key-1")
    assert person.register("key-1", email="bob@example.org").status_code == 422


def test_registrations_at_once_make_one_account_and_no_failure(person: Person) -> None:
    answers: list[int] = []

    def register() -> None:
        client = person.app.web().test_client(use_cookies=False)
        answer = client.post(
            f"{BASE}/accounts", json=ACCOUNT, headers={"Idempotency-Key": threading.current_thread().name}
        )
        answers.append(answer.status_code)

    threads = [threading.Thread(target=register) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [202] * 6
    assert person.events().count("account-registered.v1") == 1


def test_below_the_age_of_consent_nothing_is_kept(person: Person) -> None:
    young = (datetime.now(UTC).date() - timedelta(days=15 * 365)).isoformat()
    refused = person.register(birth_date=young)
    assert refused.status_code == 403
    assert refused.json["type"].endswith("/below-age-of-consent") and refused.json["minimum_age"] == 16
    assert person.events() == [] and person.receive() == []
    with person.app.runtime.engine.connect() as connection:
        for table in person.app.tables.metadata.sorted_tables:
            # Requests are counted by keyed hashes of networks, for everybody and for a minute.
            if table.name not in ("events", "signing_keys", "verification_keys", "allowances"):
                assert connection.execute(table.select()).all() == [], table.name


def test_a_birth_date_that_cannot_be_is_refused(person: Person) -> None:
    assert person.register(birth_date="2999-01-01").status_code == 422


def test_a_token_may_be_sent_again_and_every_bad_one_is_gone_alike(person: Person) -> None:
    person.register()
    token = person.token()
    wrong = token[:-1] + ("A" if token[-1] != "A" else "B")
    answers = [person.verify(text) for text in (wrong, "x", "a.b.c", token, token)]
    assert [a.status_code for a in answers] == [410, 410, 410, 200, 200]
    assert len({a.json["type"] for a in answers if a.status_code == 410}) == 1


def test_nothing_personal_is_in_the_database_in_plaintext(person: Person) -> None:
    person.join()
    person.register(email="waiting@example.org")
    with person.app.runtime.engine.connect() as connection:
        for table in person.app.tables.metadata.sorted_tables:
            for row in connection.execute(table.select()):
                text = repr(tuple(bytes(v) if isinstance(v, memoryview) else v for v in row))
                for secret in (EMAIL, "waiting@example.org", PASSWORD, "Ann", "Firefox", "argon2", "127.0.0.1"):
                    assert secret not in text, (table.name, secret)


def test_an_address_whose_erasure_began_is_free_at_once(person: Person) -> None:
    person.join()
    store, accounts = person.app.runtime.store, person.app.ports.accounts
    with store.transaction() as tx:
        known = accounts.find(tx, EMAIL)
        assert known is not None
        asked = ErasureRequested(known.account_id, str(uuid4()), ["identity"])
        received = Received(uuid4(), asked.source, "privacy", 1, 0, known.account_id, "", asked)
        person.app.participation.handlers[ErasureRequested](tx, received)
    assert person.sign_in().status_code == 401
    assert person.register().status_code == 202
    person.verify(person.token())
    assert person.sign_in().status_code == 201


def test_the_api_serves_while_bus_and_mail_are_away(settings: Settings) -> None:
    app = build(settings, pace=Pace(sleep=lambda _: None))
    app.use_cases.signing.ensure_key()
    client = app.web().test_client()
    assert client.post(f"{BASE}/accounts", json=ACCOUNT, headers={"Idempotency-Key": "k"}).status_code == 202
    assert client.get("/readyz").status_code == 200
    close(app)
