"""An account is erased from everything that identity holds, on real parts, and the person is told before."""

from typing import Any

import psycopg
import pytest

from nexoraz.local.testing.real import RealNats
from services.identity.tests.examples import EMAIL, PASSWORD
from services.identity.tests.integration.coordinator import Coordinator
from services.identity.tests.integration.journeys import ACCOUNT
from services.identity.tests.integration.suite import Suite, messages, until

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]


def said(nats: RealNats, type_: str) -> list[dict[str, Any]]:
    """The payloads of that type on identity's stream."""

    return [body for each, body in messages(nats) if each == f"nexoraz.identity.{type_}.v1"]


def rows_of(suite: Suite, account_id: str) -> dict[str, int]:
    """How many rows of each table hold the account's id anywhere."""
    found = {}
    with psycopg.connect(suite.environment["NEXORAZ_DATABASE_URL"]) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (name,) in names:
            query = f'SELECT count(*) FROM "{name}" t WHERE t::text LIKE %s'
            row = connection.execute(query, (f"%{account_id}%",)).fetchone()
            if row and row[0]:
                found[name] = row[0]
    return found


def test_an_erased_account_leaves_the_tombstone_and_the_receipt(suite: Suite, nats: RealNats) -> None:
    assert suite.run("migrate") == 0
    suite.start("web", suite.web_port)
    suite.start("worker", suite.web_port + 1)
    suite.call("POST", "/accounts", ACCOUNT)
    suite.call("POST", "/accounts/verification", {"token": suite.token()})
    _, signed_in = suite.call("POST", "/sessions", {"email": EMAIL, "password": PASSWORD})
    account_id, bearer = signed_in["account_id"], {"Authorization": f"Bearer {signed_in['access_token']}"}
    suite.call("PATCH", "/profile", {"name": "Anna"}, **bearer, **{"If-Match": "*"})

    coordinator = Coordinator(nats)
    request_id = coordinator.ask("erasure-requested", account_id)
    until(lambda: said(nats, "erasure-receipted") != [])
    [receipt] = said(nats, "erasure-receipted")
    assert (receipt["request_id"], receipt["participant"]) == (request_id, "identity")
    assert receipt["keys_destroyed"] >= 1 and receipt["bus_purged"] >= 2
    assert all(line["left"] == 0 for line in receipt["lines"]), receipt
    assert {line["store"] for line in receipt["lines"] if line["retained"]} <= {"revocations"}, receipt

    farewell = suite.inbox.messages[-1]
    assert farewell["To"] == EMAIL and "erased" in farewell["Subject"]
    assert suite.call("GET", "/profile", **bearer)[0] == 401
    assert suite.call("POST", "/sessions", {"email": EMAIL, "password": PASSWORD})[0] == 401
    assert said(nats, "account-verified") == [] and said(nats, "account-registered") == []
    left = rows_of(suite, account_id)
    assert set(left) == {"erased_accounts", "events", "revocations"} and left["events"] == 1, left

    coordinator.ask("residue-scan-requested", account_id, request_id=request_id)
    until(lambda: said(nats, "residue-scanned") != [])
    assert said(nats, "residue-scanned")[0]["residue"] == 0

    coordinator.ask("erasure-requested", account_id, request_id=request_id)
    until(lambda: len(said(nats, "erasure-receipted")) == 2)
    first, second = said(nats, "erasure-receipted")
    assert first == second

    assert suite.call("POST", "/accounts", ACCOUNT)[0] == 202
    until(lambda: suite.inbox.messages[-1] is not farewell)
    assert suite.call("POST", "/accounts/verification", {"token": suite.token()})[0] == 200
    _, back = suite.call("POST", "/sessions", {"email": EMAIL, "password": PASSWORD})
    assert back["account_id"] != account_id
