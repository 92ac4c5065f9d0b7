"""The second factor over HTTP on real parts."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from nexoraz.identity.domain.totp import code_of, step_at
from nexoraz.service.tokens import TokenClaims
from services.identity.tests.examples import EMAIL, PASSWORD
from services.identity.tests.integration.journeys import BASE, Answer, Person
from services.identity.tests.integration.test_export import exported

pytestmark = pytest.mark.real
FACTOR = f"{BASE}/second-factor"


def offered(person: Person, headers: dict[str, str]) -> bytes:
    """The secret of a new offer."""
    answer = person.client.post(FACTOR, headers=headers)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    return base64.b32decode(parse_qs(urlsplit(answer.json["uri"]).query)["secret"][0])


def code(secret: bytes, steps: int = 0) -> str:
    return code_of(secret, step_at(datetime.now(UTC)) + steps)


def confirmed(person: Person, headers: dict[str, str], secret: bytes) -> list[str]:
    """The recovery codes. Who signs in next takes the code of the step behind this one."""
    answer = person.client.post(f"{FACTOR}/confirmation", json={"code": code(secret)}, headers=headers)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    codes: list[str] = answer.json["recovery_codes"]
    return codes


def sign_in(person: Person, password: str = PASSWORD, **code: str) -> Answer:
    return person.client.post(f"{BASE}/sessions", json={"email": EMAIL, "password": password, **code})


def test_a_factor_is_made_needed_shown_and_removed(person: Person) -> None:
    headers = person.join()
    secret = offered(person, headers)
    assert sign_in(person).status_code == 201
    wrong = person.client.post(f"{FACTOR}/confirmation", json={"code": code(secret, 9)}, headers=headers)
    assert wrong.status_code == 422
    codes = confirmed(person, headers, secret)
    assert person.client.post(FACTOR, headers=headers).status_code == 409
    assert sign_in(person, code=code(secret, 1)).status_code == 201
    assert [sign_in(person, code=codes[0]).status_code for _ in range(2)] == [201, 401]
    shown = person.client.get(FACTOR, headers=headers).json
    assert shown["added_at"] and shown["recovery_codes_left"] == 9
    assert [person.client.delete(FACTOR, headers=headers).status_code for _ in range(2)] == [204, 404]
    assert sign_in(person).status_code == 201
    told = [text for _, text in person.receive() if "second factor of your Nexoraz account was" in text]
    assert len(told) == 2


def test_wrong_missing_and_used_codes_are_answered_like_a_wrong_password(person: Person) -> None:
    headers = person.join()
    secret = offered(person, headers)
    confirmed(person, headers, secret)
    used = code(secret, 1)
    assert sign_in(person, code=used).status_code == 201
    answers = [
        sign_in(person, "wrong password"), sign_in(person, "wrong password", code=code(secret, 1)), sign_in(person),
        sign_in(person, code=code(secret, 9)), sign_in(person, code=used),
    ]  # fmt: skip
    said = [{**answer.json, "instance": ""} for answer in answers]
    assert said == [said[0]] * 5 and said[0]["status"] == 401
    assert {frozenset(answer.headers.keys()) for answer in answers} == {frozenset(answers[0].headers.keys())}


@pytest.mark.parametrize(("method", "path"), [("POST", ""), ("POST", "/confirmation"), ("DELETE", "")])
def test_a_sign_in_of_long_ago_changes_no_second_factor(person: Person, method: str, path: str) -> None:
    headers = person.join()
    account_id = person.client.get(f"{BASE}/profile", headers=headers).json["id"]
    session_id = person.client.get(f"{BASE}/sessions", headers=headers).json["items"][0]["id"]
    before = datetime.now(UTC) - timedelta(minutes=16)
    with person.app.runtime.store.transaction() as tx:
        token = person.app.use_cases.signing.sign(tx, TokenClaims(account_id, session_id, before))
    stale = {"Authorization": f"Bearer {token}"}
    body = {"json": {"code": "000000"}} if path else {}
    answer = person.client.open(f"{FACTOR}{path}", method=method, headers=stale, **body)
    assert (answer.status_code, answer.json["type"].rpartition("/")[2]) == (403, "sign-in-not-fresh")


def test_the_export_says_that_there_is_one_and_neither_it_nor_the_database_holds_the_secret(person: Person) -> None:
    headers = person.join()
    account_id = person.client.get(f"{BASE}/profile", headers=headers).json["id"]
    secret = offered(person, headers)
    codes = confirmed(person, headers, secret)
    found = exported(person, account_id)
    assert len(found["factor_secrets"]) == 1
    assert "second-factor-added" in [row["event"] for row in found["events"]]
    hidden = [*codes, base64.b32encode(secret).decode(), secret.decode("latin-1")]
    assert not any(each in repr(found) for each in hidden)
    with person.app.runtime.engine.connect() as connection:
        for table in person.app.tables.metadata.sorted_tables:
            rows = repr(connection.execute(table.select()).all())
            assert not any(each in rows for each in hidden), table.name


def test_an_erasure_takes_the_secret(person: Person) -> None:
    headers = person.join()
    account_id = person.client.get(f"{BASE}/profile", headers=headers).json["id"]
    confirmed(person, headers, offered(person, headers))
    with person.app.runtime.engine.begin() as connection:
        erased = {each.store: each for each in person.app.holdings.erase_rows(connection, account_id)}
        assert connection.execute(person.app.tables.factor_secrets.select()).all() == []
    assert erased["factor_secrets"].count == 1
