"""Requests that meet: one wins, the other is told so, nothing fails and nothing happens twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.identity.tests.integration.journeys import BASE, Answer, Person

pytestmark = pytest.mark.real


def at_once(person: Person, send: Callable[[Person], Answer], count: int = 4) -> list[int]:
    """The status codes of the same request sent by several clients at the same time, sorted."""
    people = [
        Person(person.app, person.app.web().test_client(use_cookies=False), person.transport) for _ in range(count)
    ]
    with ThreadPoolExecutor(count) as pool:
        return sorted(answer.status_code for answer in pool.map(send, people))


def test_a_verification_token_sent_at_once_has_its_effect_once(person: Person) -> None:
    person.register()
    token = person.token()
    assert at_once(person, lambda p: p.verify(token)) == [200] * 4
    assert person.events().count("account-verified.v1") == 1


def test_a_refresh_token_is_exchanged_by_one_and_the_session_lives(person: Person) -> None:
    person.join()
    body = {"refresh_token": person.sign_in().json["refresh_token"]}
    assert at_once(person, lambda p: p.client.post(f"{BASE}/sessions/refresh", json=body)) == [200, 409, 409, 409]
    assert "session-revoked.v1" not in person.events()


def test_a_name_is_changed_by_one(person: Person) -> None:
    headers = person.join()
    tag = person.client.get(f"{BASE}/profile", headers=headers).headers["ETag"]
    change = {"json": {"name": "Anna"}, "headers": {**headers, "If-Match": tag}}
    assert at_once(person, lambda p: p.client.patch(f"{BASE}/profile", **change)) == [200, 412, 412, 412]
    assert person.events().count("account-renamed.v1") == 1


def test_a_session_is_ended_once(person: Person) -> None:
    headers, other = person.join(), person.sign_in().json["session_id"]
    codes = at_once(person, lambda p: p.client.delete(f"{BASE}/sessions/{other}", headers=headers))
    assert codes == [204] * 4
    assert person.events().count("session-revoked.v1") == 1


def test_many_sign_ins_at_once_are_many_sessions(person: Person) -> None:
    headers = person.join()
    assert at_once(person, lambda p: p.sign_in(), 6) == [201] * 6
    assert len(person.client.get(f"{BASE}/sessions", headers=headers).json["items"]) == 7


def test_wrong_passwords_at_once_all_count(person: Person) -> None:
    person.join()
    at_once(person, lambda p: p.sign_in(password="wrong"), 10)
    assert person.sign_in().status_code == 429
