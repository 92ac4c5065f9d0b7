"""K1: of who is too young to agree nothing is kept, neither in a table or the outbox nor on the bus or in a mailbox."""

import asyncio
import time
from datetime import date

import nats
import psycopg
import pytest

from nexoraz.local.credentials import Credentials
from nexoraz.local.layout import Layout
from tests.journey.demo import ROOT
from tests.journey.person import until
from tests.journey.running import RunningSuite
from tests.policy.asking import ask
from tests.policy.conftest import Evidence

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
shows = pytest.mark.shows
KEPT = (
    "events",
    "accounts",
    "credentials",
    "sessions",
    "idempotency_keys",
    "throttles",
    "challenges",
    "provider_links",
)
"""Where a registration leaves rows; `events` is the outbox too. Mails that go out between two looks count once."""
MAILS = "(SELECT count(*) FROM mails) + (SELECT count(*) FROM sent_mails)"


def held(suite: RunningSuite) -> tuple[int, ...]:
    """Rows of identity by table, and the last message of its stream."""
    layout = Layout(ROOT, suite.var, suite.port)
    credentials = Credentials(layout.secrets)
    counts = ", ".join(f'(SELECT count(*) FROM "{table}")' for table in KEPT)
    with psycopg.connect(
        host="127.0.0.1",
        port=layout.postgres_port,
        user="postgres",
        password=credentials.get("postgres-admin"),
        dbname="nexoraz_identity",
    ) as database:
        rows = database.execute(f"SELECT {counts}, {MAILS}").fetchone()
    assert rows is not None
    return (*rows, asyncio.run(last_message(layout.nats_port, credentials.get("nats-operator"))))


async def last_message(port: int, password: str) -> int:
    client = await nats.connect(f"nats://127.0.0.1:{port}", user="operator", password=password)
    found = await client.jetstream().stream_info("NEXORAZ_IDENTITY")
    await client.close()
    return found.state.last_seq


def at_rest(suite: RunningSuite) -> tuple[int, ...]:
    """The same, once what earlier tests have begun is out of the way."""

    def look() -> tuple[int, ...] | None:
        before = held(suite)
        time.sleep(0.5)
        return before if held(suite) == before else None

    return until(look, "identity came to rest")


@shows("K1", "nothing kept below it")
def test_of_a_child_nothing_is_in_the_tables_the_outbox_the_bus_or_a_mail(
    suite: RunningSuite, evidence: Evidence
) -> None:
    child, before = suite.person(), at_rest(suite)
    details = {"email": child.email, "password": child.password, "name": "Kim", "country": "DE"}
    born = date(date.today().year - 12, 1, 1).isoformat()
    refused = ask(child, "POST", "/v1/identity/accounts", details | {"birth_date": born})
    assert (refused.status, refused.json["minimum_age"]) == (403, 16)
    assert child.email not in refused.body.decode()
    assert at_rest(suite) == before
    grown = ask(child, "POST", "/v1/identity/accounts", details | {"birth_date": "1990-04-01"})
    assert grown.status == 202 and at_rest(suite) != before
    evidence(f"{sum(before[:-1])} rows and message {before[-1]} of the bus before and after the refusal")
