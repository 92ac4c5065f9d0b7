"""What a person gets of identity's data, and what nobody gets."""

from typing import Any

import pytest

from nexoraz.events.export_parts import Group, Record
from nexoraz.events.exporting import export
from services.identity.tests.examples import EMAIL
from services.identity.tests.integration.journeys import Person

pytestmark = pytest.mark.real


def exported(person: Person, account_id: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    name = ""
    for entry in export(person.app.holdings, account_id):
        if isinstance(entry, Group):
            name = entry.name
        elif isinstance(entry, Record):
            found.setdefault(name, []).append(entry.data)
    return found


def test_an_export_holds_account_sessions_mails_and_history_in_plaintext(person: Person) -> None:
    headers = person.join()
    account_id = person.client.get("/v1/identity/profile", headers=headers).json["id"]
    person.join("bob@example.org")
    found = exported(person, account_id)
    assert found["accounts"] == [{"id": account_id, "verified": True}]
    assert [row["device"] for row in found["sessions"]] == ["Firefox 128 on Linux"]
    assert [(row["kind"], row["outcome"]) for row in found["sent_mails"]] == [("verify-address", "sent")]
    [registered] = [row["data"] for row in found["events"] if row["event"] == "account-registered"]
    assert (registered["email"], registered["name"], registered["country"]) == (EMAIL, "Ann", "DE")
    assert "bob@example.org" not in repr(found)


def test_no_export_holds_a_password_hash_or_a_token(person: Person) -> None:
    headers = person.join()
    account_id = person.client.get("/v1/identity/profile", headers=headers).json["id"]
    text = repr(exported(person, account_id))
    assert "argon2" not in text and headers["Authorization"].split(".")[-1] not in text
