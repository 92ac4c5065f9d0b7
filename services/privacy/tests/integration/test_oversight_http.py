"""Every look of an operator is recorded before anything is shown, and the person sees it (clause S1)."""

from uuid import uuid4

import pytest
from sqlalchemy import text

from services.privacy.tests import examples as x
from services.privacy.tests.integration.driver import Coordinator

pytestmark = pytest.mark.real


def looks(coordinator: Coordinator) -> list[tuple[str, bool]]:
    with coordinator.app.runtime.engine.connect() as connection:
        rows = connection.execute(text("SELECT data FROM events WHERE type LIKE 'operator-access%' ORDER BY position"))
        return [(row.data["action"], row.data["refused"]) for row in rows]


def test_the_person_sees_that_an_operator_looked_and_why_but_not_who(coordinator: Coordinator) -> None:
    account = str(uuid4())
    asked = coordinator.ask(account, "access").json
    assert asked is not None
    seen = coordinator.as_operator("GET", f"/requests/{asked['id']}")
    assert seen.status_code == 200
    for path, of in ((f"/requests/{asked['id']}", {"token": asked["token"]}), ("/requests/accesses", {})):
        shown = coordinator.get(path, **of) if of else coordinator.get(path, account)
        assert shown.json is not None
        [look] = shown.json["accesses" if of else "items"]
        assert (look["action"], look["purpose"], look["refused"]) == ("see-request", "request-handling", False)
        assert x.OPERATOR not in shown.text
    strangers = coordinator.get("/requests/accesses", str(uuid4())).json
    assert strangers is not None
    assert strangers["items"] == []


@pytest.mark.parametrize("roles", [(), ("admin",), ("operators",)])
def test_nobody_without_the_role_gets_in_and_nothing_is_recorded(
    coordinator: Coordinator, roles: tuple[str, ...]
) -> None:
    asked = coordinator.ask(x.ACCOUNT, "access").json
    assert asked is not None
    headers = {"Nexoraz-Purpose": "audit"}
    for path in (f"/requests/{asked['id']}", "/accesses"):
        url = f"/v1/privacy/admin{path}"
        assert coordinator.client.get(url, headers=headers).status_code == 401
        bearer = coordinator.headers(x.ACCOUNT, coordinator.clock() - coordinator.clock(), *roles)
        assert coordinator.client.get(url, headers={**headers, **bearer}).status_code == 403
    assert looks(coordinator) == []


@pytest.mark.parametrize("purpose", ["", "curiosity", "Ann complained by telephone"])
def test_a_look_without_a_known_purpose_is_refused(coordinator: Coordinator, purpose: str) -> None:
    refused = coordinator.as_operator("GET", "/accesses", **{"Nexoraz-Purpose": purpose})
    assert refused.status_code == 400
    assert refused.json is not None
    assert "audit" in refused.json["purposes"]
    assert looks(coordinator) == []


def test_a_look_at_what_is_not_there_is_recorded_as_refused(coordinator: Coordinator) -> None:
    assert coordinator.as_operator("GET", f"/requests/{uuid4()}").status_code == 404
    assert looks(coordinator) == [("see-request", True)]


def test_nothing_is_shown_that_could_not_be_recorded(coordinator: Coordinator) -> None:
    asked = coordinator.ask(x.ACCOUNT, "access").json
    assert asked is not None

    with coordinator.app.runtime.engine.begin() as connection:
        connection.execute(text("ALTER TABLE operator_accesses ADD CHECK (false) NOT VALID"))
    answer = coordinator.as_operator("GET", f"/requests/{asked['id']}")
    assert answer.status_code == 500
    assert asked["id"] not in answer.text


def test_the_log_of_looks_is_paged_and_is_itself_looked_at(coordinator: Coordinator) -> None:
    ids = [(coordinator.ask(str(uuid4()), "access").json or {})["id"] for _ in range(3)]
    for request_id in ids:
        coordinator.clock.advance(seconds=1)
        coordinator.as_operator("GET", f"/requests/{request_id}")
    coordinator.clock.advance(seconds=1)
    first = coordinator.as_operator("GET", f"/accesses?limit=2&operator={x.OPERATOR}").json
    assert first is not None
    assert [row["request_id"] for row in first["items"]] == ids[:0:-1]
    rest = coordinator.as_operator("GET", f"/accesses?limit=2&cursor={first['next']}").json
    assert rest is not None
    assert [row["request_id"] for row in rest["items"]] == ids[:1]
    nobodys = coordinator.as_operator("GET", f"/accesses?operator={uuid4()}").json
    assert nobodys is not None
    assert nobodys["items"] == []
    assert looks(coordinator)[3:] == [("see-accesses", False)] * 3


def test_an_erased_persons_looks_stay_with_the_request_and_name_nobody(coordinator: Coordinator) -> None:
    account = str(uuid4())
    asked = coordinator.ask(account, "erasure", immediate=True).json
    assert asked is not None
    with coordinator.app.runtime.store.transaction() as tx:
        tx.tombstone(account)
    coordinator.as_operator("GET", f"/requests/{asked['id']}")
    with coordinator.app.runtime.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM account_accesses")).scalar() == 0
        assert connection.execute(text("SELECT request_id FROM operator_accesses")).scalar() == asked["id"]
