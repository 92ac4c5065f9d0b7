"""R1: every category has a rule, a job applies the rules, and what billing keeps of the erased has no name and an end.

No test can wait ten years: what is to be past its term gets an earlier date in its row, as one of that age has.
"""

import json
import re
from collections.abc import Callable

import psycopg
import pytest

from nexoraz.local.__main__ import do
from nexoraz.local.credentials import Credentials
from nexoraz.local.layout import SERVICES, Layout
from tests.journey.demo import ROOT
from tests.journey.person import Json, Person, until
from tests.journey.running import RunningSuite
from tests.policy.asking import ask
from tests.policy.conftest import Evidence
from tests.policy.operators import PURPOSE, operator

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
shows = pytest.mark.shows
Retain = Callable[..., str]


@pytest.fixture
def retain(suite: RunningSuite, capfd: pytest.CaptureFixture[str]) -> Retain:
    """The command of a service as an operator runs it; what it prints."""

    def run(service: str, *options: str) -> str:
        capfd.readouterr()
        assert do(Layout(ROOT, suite.var, suite.port), [service, "retain", *options]) == 0
        return capfd.readouterr().out

    return run


def database(suite: RunningSuite, service: str) -> "psycopg.Connection[tuple[object, ...]]":
    layout = Layout(ROOT, suite.var, suite.port)
    password = Credentials(layout.secrets).get("postgres-admin")
    return psycopg.connect(
        host="127.0.0.1", port=layout.postgres_port, user="postgres", password=password, dbname=f"nexoraz_{service}"
    )


def due(table: str, store: str) -> int:
    """How many records of the store the printed report says are past their term."""
    [line] = [line for line in table.splitlines() if line.split()[:1] == [store]]
    number = re.search(r" (\d+) ", line)
    assert number, line
    return int(number[1])


def reported(desk: Person, service: str, store: str) -> int:
    """How many records of the store the operators' report says were ended; 0 when there is none."""
    items = ask(desk, "GET", "/v1/privacy/admin/retention", **PURPOSE).json["items"]
    return sum(item["records"] for item in items if (item["participant"], item["store"]) == (service, store))


@shows("R1", "a rule for every category")
def test_every_category_that_is_recorded_has_a_rule_and_every_term_is_applied(
    ann: Person, retain: Retain, evidence: Evidence
) -> None:
    record = ask(Person(ann.places), "GET", "/v1/privacy/processing-record").json["activities"]
    rules: dict[str, Json] = {}
    for service in SERVICES:
        rules[service] = json.loads((ROOT / "services" / service / "datamap.json").read_text())["retention"]
        applied = retain(service, "--dry-run")
        for name, rule in rules[service].items():
            assert rule["purpose"] and rule["basis"] and rule["duration"] and rule["ends"], (service, name)
            assert rule["ends"] != "term" or name in applied, (service, name)
    for activity in record:
        assert activity["categories"] and activity["retention"], activity
        assert set(activity["retention"]) <= set(rules[activity["service"]]), activity
    categories = {category for activity in record for category in activity["categories"]}
    named = {name for activity in record for name in activity["retention"]}
    evidence(f"{len(categories)} categories in {len(record)} activities under {len(named)} rules, each with a basis")


@shows("R1", "a job applies the rules")
def test_an_address_that_nobody_confirms_goes_after_its_seven_days(
    suite: RunningSuite, retain: Retain, evidence: Evidence
) -> None:
    desk, person = operator(suite), suite.person()
    details = {"email": person.email, "password": person.password, "country": "DE", "birth_date": "1990-04-01"}
    assert ask(person, "POST", "/v1/identity/accounts", details).status == 202
    until(lambda: person.mails() or None, "the verification mail came")
    with database(suite, "identity") as identity:
        age = (
            "UPDATE accounts SET registered_at = registered_at - interval '8 days' WHERE account_id ="
            " (SELECT account_id FROM accounts WHERE verified_by = '' ORDER BY registered_at DESC LIMIT 1)"
            " RETURNING account_id"
        )
        [(account_id,)] = identity.execute(age).fetchall()
    before = reported(desk, "identity", "accounts")
    assert due(retain("identity", "--dry-run"), "accounts") == 1
    assert rows(suite, "identity", "accounts", str(account_id)) == 1
    retain("identity")
    until(lambda: rows(suite, "identity", "accounts", str(account_id)) == 0 or None, "the account went")
    until(lambda: reported(desk, "identity", "accounts") == before + 1 or None, "the report told it")
    assert due(retain("identity", "--dry-run"), "accounts") == 0
    evidence("an unconfirmed account of 8 days: due, left by the dry run, ended by the job, counted for operators")


@shows("R1", "billing pseudonymous for its term")
def test_a_purchase_of_the_erased_stays_without_a_name_for_ten_years_and_then_goes(
    suite: RunningSuite, retain: Retain, evidence: Evidence
) -> None:
    person = suite.person()
    person.register()
    person.sign_in()
    person.buy()
    request_id, token = person.ask_erasure()
    assert [name for name, _ in person.watch(request_id, token)][-1] == "completed"
    retain("billing")
    columns = json.loads((ROOT / "services/billing/datamap.json").read_text())["tables"]["purchases"]["columns"]
    assert "personal" not in {column["class"] for column in columns.values()}
    amendments = f"/v1/privacy/requests/{request_id}/certificate/amendments"
    with database(suite, "billing") as billing:
        kept = billing.execute("SELECT p::text FROM purchases p WHERE account_id = %s", (person.account_id,)).fetchall()
        assert len(kept) == 1 and person.email not in str(kept) and "Ann" not in str(kept)
        age = "UPDATE purchases SET paid_at = paid_at - interval '3653 days' WHERE account_id = %s"
        billing.execute(age, (person.account_id,))
    assert due(retain("billing", "--dry-run"), "purchases") == 1
    retain("billing")
    assert rows(suite, "billing", "purchases", person.account_id) == 0
    told = until(lambda: ask(person, "GET", amendments, Authorization=f"Bearer {token}").body, "the amendment came")
    assert b"purchases" in told
    evidence("kept under the account's id alone after the erasure; ten years later gone, and its certificate amended")


def rows(suite: RunningSuite, service: str, table: str, account_id: str) -> int:
    with database(suite, service) as connection:
        found = connection.execute(f'SELECT count(*) FROM "{table}" WHERE account_id = %s', (account_id,)).fetchone()
    assert found
    return int(str(found[0]))
