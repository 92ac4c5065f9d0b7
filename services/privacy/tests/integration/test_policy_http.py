"""Versions of the policy over HTTP: text, difference, and what an account is told."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from nexoraz.privacy.domain.policy_change import Channel
from services.privacy.tests.integration.driver import Coordinator

pytestmark = pytest.mark.real
NEW = "2026-11-22"


def test_the_difference_of_two_versions_is_told_line_by_line(coordinator: Coordinator) -> None:
    client = coordinator.client
    versions = client.get("/v1/privacy/policy/versions").json
    assert versions is not None
    assert [each["version"] for each in versions["items"]] == [NEW, "2025-10-15"]
    found = client.get(f"/v1/privacy/policy/difference?old=2025-10-15&new={NEW}").json
    assert found is not None
    assert any(line.startswith("+") and "signed receipt" in line for line in found["lines"])
    same = client.get(f"/v1/privacy/policy/difference?old={NEW}&new={NEW}").json
    assert same is not None
    assert same["lines"] == []
    assert client.get("/v1/privacy/policy/versions/1999-01-01").status_code == 404
    assert client.get("/v1/privacy/policy/difference?old=1999-01-01&new=2025-10-15").status_code == 404


def test_an_announced_change_is_told_in_the_app_once_and_accepted_by_going_on(coordinator: Coordinator) -> None:
    account, app = str(uuid4()), coordinator.app
    assert (coordinator.get("/policy/notices", account).json or {})["items"] == []
    first = coordinator.as_operator("POST", f"/policy/{NEW}/notice").json
    assert coordinator.as_operator("POST", f"/policy/{NEW}/notice").json == first
    [notice] = (coordinator.get("/policy/notices", account).json or {})["items"]
    assert [told["how"] for told in notice["told"]] == ["app"]
    coordinator.clock.advance(minutes=5)
    assert (coordinator.get("/policy/notices", account).json or {})["items"] == [notice]
    with app.runtime.store.transaction() as tx:
        app.use_cases.policy_changes.tell(tx, account, NEW, Channel.MAIL)
        app.use_cases.policy_changes.use(tx, account, "photo-uploaded", coordinator.clock() + timedelta(minutes=1))
    [accepted] = (coordinator.get("/policy/notices", account).json or {})["items"]
    assert ([told["how"] for told in accepted["told"]], accepted["accepted_by"]) == (["app", "mail"], "photo-uploaded")
    with app.runtime.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM policy_notices WHERE accepted_at > told_at")).scalar() == 2
        announced = text("SELECT count(*) FROM events WHERE type LIKE 'policy-change-announced%'")
        assert connection.execute(announced).scalar() == 1


@pytest.mark.parametrize("version", ["2025-10-15", "1999-01-01"])
def test_only_a_material_change_is_announced(coordinator: Coordinator, version: str) -> None:
    assert coordinator.as_operator("POST", f"/policy/{version}/notice").status_code == 404
