"""A lost password, a new address, the pages of links and the sessions, over HTTP on real parts."""

import html
import re
from typing import Any

import pytest

from services.identity.tests.examples import EMAIL
from services.identity.tests.integration.journeys import BASE, Person, bearer

pytestmark = pytest.mark.real
ANOTHER = "another long password"


def link(person: Person, subject_part: str) -> str:
    """The newest link of that page that was mailed."""
    found = [re.search(rf"\S+/links/{subject_part}\?token=\S+", text) for _, text in person.receive()]
    return [each[0].removeprefix("https://nexoraz.test") for each in found if each][-1]


def press(person: Person, path: str, **fields: str) -> Any:
    """Open the page, then press its button; opening it twice changes nothing."""
    for _ in range(2):
        shown = person.client.get(path)
        assert shown.status_code == 200 and "script" not in shown.text
    token = re.search(r'name="token" value="([^"]+)"', shown.text)
    assert token is not None
    return person.client.post(path.partition("?")[0], data={"token": html.unescape(token[1]), **fields})


def test_a_lost_password_is_replaced_by_the_page_of_the_mailed_link(person: Person) -> None:
    headers = person.join()
    assert person.client.post(f"{BASE}/password/reset", json={"email": EMAIL}).status_code == 202
    page = link(person, "reset-password")
    assert press(person, page, password="short").status_code == 422
    assert press(person, page, password=ANOTHER).status_code == 200
    assert press(person, page, password=ANOTHER).status_code == 410
    assert person.client.get(f"{BASE}/profile", headers=headers).status_code == 401
    assert person.sign_in().status_code == 401
    assert person.sign_in(password=ANOTHER).status_code == 201
    assert any("password of your Nexoraz account was changed" in text for _, text in person.receive())


def test_an_address_changes_by_two_links_and_is_then_the_profiles(person: Person) -> None:
    headers = person.join()
    answer = person.client.post(f"{BASE}/address", json={"email": "Ann@Example.net"}, headers=headers)
    assert answer.status_code == 202
    mails = [(to, re.search(r"^[0-9a-f-]+\.[0-9a-f-]+\.\S{43}$", text, re.M)) for to, text in person.receive()]
    tokens = {to: found[0] for to, found in mails if found}
    confirm = f"{BASE}/address/confirmation"
    statuses = [person.client.post(confirm, json={"token": tokens[to]}).json for to in ("ann@example.net", EMAIL)]
    assert statuses == [{"status": "waiting"}, {"status": "changed"}]
    assert person.client.get(f"{BASE}/profile", headers=headers).json["email"] == "ann@example.net"
    assert person.sign_in().status_code == 401
    assert person.sign_in("ann@example.net").status_code == 201
    changes = person.client.get(f"{BASE}/profile/history?limit=2", headers=headers).json
    assert [item["change"] for item in changes["items"]] == ["address-changed", "address-change-asked"]
    rest = person.client.get(f"{BASE}/profile/history?cursor={changes['next']}", headers=headers).json
    assert {item["change"] for item in rest["items"]} == {"registered", "address-confirmed"}


def test_a_session_shows_device_and_place_and_the_database_neither(person: Person) -> None:
    person.register()
    person.verify(person.token())
    sent = {"User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/128.0", "X-Forwarded-For": "91.1.2.3"}
    credentials = {"email": EMAIL, "password": "correct horse battery"}
    headers = bearer(person.client.post(f"{BASE}/sessions", json=credentials, headers=sent))
    [session] = person.client.get(f"{BASE}/sessions", headers=headers).json["items"]
    assert (session["device"], session["network"], session["country"]) == ("Firefox 128 on Linux", "91.1.2.0/24", "DE")
    with person.app.runtime.engine.connect() as connection:
        for table in person.app.tables.metadata.sorted_tables:
            rows = connection.execute(table.select()).all()
            assert not any("91.1.2" in str(row) or "Mozilla" in str(row) for row in rows), table.name


def test_pages_are_for_the_links_that_there_are(person: Person) -> None:
    assert person.client.get(f"{BASE}/links/nothing?token=x").status_code == 404
    hostile = person.client.get(f"{BASE}/links/verify-address?token=%22%3E%3Cscript%3E")
    assert "<script" not in hostile.text and "default-src 'none'" in hostile.headers["Content-Security-Policy"]
    assert person.client.post(f"{BASE}/links/change-address", data={}).status_code == 410
