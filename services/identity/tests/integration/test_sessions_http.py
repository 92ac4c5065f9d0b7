"""Signing in and out over HTTP."""

import pytest

from services.identity.tests.examples import EMAIL
from services.identity.tests.integration.journeys import BASE, Answer, Person, bearer

pytestmark = pytest.mark.real

NOBODYS = "0d4f2a4e-6c1b-4d8e-9a55-0000000000ff"


def cookies(answer: Answer) -> dict[str, str]:
    return {c.split("=", 1)[0]: c.split("=", 1)[1] for c in answer.headers.getlist("Set-Cookie")}


def test_signing_in_gives_tokens_and_essential_cookies_only(person: Person) -> None:
    person.join()
    answer = person.sign_in()
    assert answer.status_code == 201 and answer.json["expires_in"] == 600 and answer.json["token_type"] == "Bearer"
    assert answer.headers["Cache-Control"] == "no-store"
    set_ = cookies(answer)
    assert set(set_) == {"__Host-nexoraz", "__Secure-nexoraz-refresh"}
    for attributes in set_.values():
        assert "HttpOnly" in attributes and "Secure" in attributes and "SameSite=Strict" in attributes
    assert "Path=/;" in set_["__Host-nexoraz"] + ";" and "Domain" not in set_["__Host-nexoraz"]
    assert f"Path={BASE}/sessions/refresh" in set_["__Secure-nexoraz-refresh"]


def test_the_cookie_alone_is_enough_to_read(person: Person) -> None:
    person.join()
    token = person.sign_in().json["access_token"]
    answer = person.client.get(f"{BASE}/profile", headers={"Cookie": f"__Host-nexoraz={token}"})
    assert answer.status_code == 200


def test_unknown_wrong_and_unverified_are_answered_alike(person: Person) -> None:
    person.join()
    person.register(email="unverified@example.org")
    answers = [
        person.sign_in(password="wrong"),
        person.sign_in("nobody@example.org"),
        person.sign_in("unverified@example.org"),
        person.sign_in("no address"),
    ]
    bodies = [{k: v for k, v in a.json.items() if k != "instance"} for a in answers]
    assert [a.status_code for a in answers] == [401] * 4
    assert bodies == [bodies[0]] * 4
    assert len({frozenset(a.headers.keys()) for a in answers}) == 1


def test_too_many_attempts_are_told_when_to_come_back(person: Person) -> None:
    person.join()
    codes = [person.sign_in(password="wrong").status_code for _ in range(10)]
    refused = person.sign_in()
    assert codes == [401] * 10 and refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 900


def test_unknown_addresses_are_throttled_like_known_ones(person: Person) -> None:
    codes = [person.sign_in("nobody@example.org").status_code for _ in range(11)]
    assert codes == [401] * 10 + [429]


def test_a_refresh_token_is_exchanged_by_body_or_cookie(person: Person) -> None:
    person.join()
    first = person.sign_in().json
    second = person.client.post(f"{BASE}/sessions/refresh", json={"refresh_token": first["refresh_token"]})
    assert second.status_code == 200 and second.json["session_id"] == first["session_id"]
    cookie = f"__Secure-nexoraz-refresh={second.json['refresh_token']}"
    third = person.client.post(f"{BASE}/sessions/refresh", json={}, headers={"Cookie": cookie})
    assert third.status_code == 200
    raced = person.client.post(f"{BASE}/sessions/refresh", json={"refresh_token": second.json["refresh_token"]})
    assert raced.status_code == 409


def test_a_stolen_old_refresh_token_ends_the_session_at_once(person: Person) -> None:
    person.join()
    tokens = [person.sign_in().json]
    for _ in range(2):
        body = {"refresh_token": tokens[-1]["refresh_token"]}
        tokens.append(person.client.post(f"{BASE}/sessions/refresh", json=body).json)
    newest = {"Authorization": f"Bearer {tokens[-1]['access_token']}"}
    assert person.client.get(f"{BASE}/profile", headers=newest).status_code == 200
    stolen = person.client.post(f"{BASE}/sessions/refresh", json={"refresh_token": tokens[0]["refresh_token"]})
    assert stolen.status_code == 401
    assert person.client.get(f"{BASE}/profile", headers=newest).status_code == 401
    body = {"refresh_token": tokens[-1]["refresh_token"]}
    assert person.client.post(f"{BASE}/sessions/refresh", json=body).status_code == 401


def test_sessions_are_listed_page_by_page(person: Person) -> None:
    headers = person.join()
    for _ in range(2):
        person.sign_in()
    first = person.client.get(f"{BASE}/sessions?limit=2", headers=headers).json
    rest = person.client.get(f"{BASE}/sessions?limit=2&cursor={first['next']}", headers=headers).json
    items = first["items"] + rest["items"]
    assert len({item["id"] for item in items}) == 3 and rest["next"] is None
    assert [item["current"] for item in items] == [False, False, True]
    assert {item["device"] for item in items} == {"Firefox 128 on Linux"}


def test_signing_out_refuses_the_token_at_once(person: Person) -> None:
    headers = person.join()
    answer = person.client.delete(f"{BASE}/sessions/current", headers=headers)
    assert answer.status_code == 204 and "Max-Age=0" in cookies(answer)["__Host-nexoraz"]
    assert person.client.get(f"{BASE}/profile", headers=headers).status_code == 401


def test_another_session_is_ended_from_here(person: Person) -> None:
    headers, other = person.join(), person.sign_in()
    assert person.client.delete(f"{BASE}/sessions/{other.json['session_id']}", headers=headers).status_code == 204
    assert person.client.get(f"{BASE}/profile", headers=bearer(other)).status_code == 401
    assert person.client.get(f"{BASE}/profile", headers=headers).status_code == 200


def test_signing_out_everywhere_ends_them_all(person: Person) -> None:
    headers, other = person.join(), person.sign_in()
    assert person.client.delete(f"{BASE}/sessions", headers=headers).status_code == 204
    for each in (headers, bearer(other)):
        assert person.client.get(f"{BASE}/profile", headers=each).status_code == 401


def test_another_persons_session_and_an_unknown_one_are_the_same_404(person: Person) -> None:
    anns = person.join()
    ann = person.client.get(f"{BASE}/sessions", headers=anns).json["items"][0]["id"]
    bob = person.join("bob@example.org")
    answers = [person.client.delete(f"{BASE}/sessions/{id_}", headers=bob) for id_ in (ann, NOBODYS)]
    bodies = [{k: v for k, v in a.json.items() if k != "instance"} for a in answers]
    assert [a.status_code for a in answers] == [404, 404] and bodies[0] == bodies[1]
    assert person.client.get(f"{BASE}/profile", headers=anns).status_code == 200


def test_revoked_sessions_leave_the_list_after_a_rebuild_too(person: Person) -> None:
    headers, other = person.join(), person.sign_in()
    person.client.delete(f"{BASE}/sessions/{other.json['session_id']}", headers=headers)
    assert len(person.app.rebuild([])) == len(person.app.read_models)
    [item] = person.client.get(f"{BASE}/sessions", headers=headers).json["items"]
    assert item["current"] and item["device"] == "Firefox 128 on Linux"
    assert person.sign_in(EMAIL).status_code == 201


def test_the_profile_is_read_and_changed_with_its_version(person: Person) -> None:
    headers = person.join()
    shown = person.client.get(f"{BASE}/profile", headers=headers)
    tag = shown.headers["ETag"]
    assert shown.json["name"] == "Ann" and shown.json["country"] == "DE"
    unchanged = person.client.get(f"{BASE}/profile", headers={**headers, "If-None-Match": tag})
    assert unchanged.status_code == 304
    change = {"json": {"name": "Anna"}}
    assert person.client.patch(f"{BASE}/profile", headers=headers, **change).status_code == 428
    done = person.client.patch(f"{BASE}/profile", headers={**headers, "If-Match": tag}, **change)
    assert done.status_code == 200 and done.json["name"] == "Anna" and done.headers["ETag"] != tag
    assert person.client.patch(f"{BASE}/profile", headers={**headers, "If-Match": tag}, **change).status_code == 412


def test_the_key_set_holds_public_keys_only(person: Person) -> None:
    [key] = person.client.get(f"{BASE}/keys").json["keys"]
    assert key["crv"] == "Ed25519" and "d" not in key
