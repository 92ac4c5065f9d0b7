"""Parts that die, refuse or fill up amid an erasure: it converges, and until then says for whom it waits."""

import json
import time
from collections.abc import Callable

import psycopg
import pytest
import urllib3

from tests.faults.backups import admin, layout_of
from tests.faults.conftest import Ground, seen_by
from tests.journey.demo import PRESETS
from tests.journey.person import Json, Person, until

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

OUTAGE_S = 20.0
"""How long something stays away here. A task that waits for something outside does not count its attempts
(tasks.Postpone), so a day is the same as this, more often."""


def standing(person: Person, request: tuple[str, str]) -> Json:
    request_id, token = request
    return person.call("GET", f"/v1/privacy/requests/{request_id}", Authorization=f"Bearer {token}")


@pytest.mark.parametrize("part", ["nats", "postgres", "s3", "gateway"])
def test_an_erasure_converges_when_a_part_is_killed_in_its_middle(ground: Ground, part: str) -> None:
    person = ground.person()
    request = person.ask_erasure()
    old = ground.suite.pid(part)
    ground.suite.kill(part)
    ground.suite.up_again(part, old)
    ground.erased(person, request)


def test_an_erasure_waits_for_a_store_that_refuses_and_says_for_whom(ground: Ground) -> None:
    person = ground.person()
    configuration = layout_of(ground.suite).var / "s3.json"
    known = json.loads(configuration.read_text())
    with _changed(ground, "s3", lambda: configuration.write_text(json.dumps(_without(known, "nexoraz-assets")))):
        request = person.ask_erasure()
        until(lambda: _why(ground, "assets", "erase") or None, "the operator sees why")
        assert "object store" in str(_why(ground, "assets", "erase"))
        assert standing(person, request)["state"] == "running"
    ground.erased(person, request)


def test_an_erasure_waits_for_the_mail_and_identity_goes_last(ground: Ground) -> None:
    person = ground.person()
    with ground.suite.stopped("mailbox", OUTAGE_S) as until_then:
        request = person.ask_erasure()
        while time.monotonic() < until_then:
            assert standing(person, request)["state"] in ("running", "completed", "partially-retained")
            time.sleep(0.5)
    ground.erased(person, request)
    assert "being erased" in person.mails()[0]["subject"]


def test_a_payment_counts_once_however_long_the_payment_company_answers_errors(ground: Ground) -> None:
    person = ground.person()
    with ground.suite.stopped("billing-worker", 0):
        purchase = person.pay("studio")
        ground.stripe.broken = True
    try:
        until(lambda: _why(ground, "billing", "settle-payment") or None, "the operator sees why")
        assert _why(ground, "billing", "settle-payment") == "PaymentsUnavailable"
        assert person.balance() == {"balance": 10, "reserved": 0, "held": 0}
    finally:
        ground.stripe.broken = False
    person.paid(purchase)
    until(lambda: person.balance() == {"balance": 60, "reserved": 0, "held": 0} or None, "bought once")


def test_an_erasure_while_a_payment_is_open(ground: Ground) -> None:
    person = ground.person()
    with ground.suite.stopped("billing-worker", 0):
        person.pay("studio")
        request = person.ask_erasure()
    ground.erased(person, request)


def test_an_erasure_while_a_render_runs(ground: Ground) -> None:
    person = ground.person()
    photo = person.call("GET", "/v1/assets/photos")["items"][0]
    person.ask_render(photo["id"], PRESETS[1])
    ground.erased(person, person.ask_erasure())


def test_a_full_disk_of_the_bus_stops_no_api_and_what_waited_follows(ground: Ground) -> None:
    person = ground.person()
    configuration = layout_of(ground.suite).var / "nats.conf"
    full = json.loads(configuration.read_text())
    full["jetstream"]["max_file_store"] = 4096
    with _changed(ground, "nats", lambda: configuration.write_text(json.dumps(full))):
        log = layout_of(ground.suite).log("privacy-worker")
        before = len(log.read_text())
        request = person.ask_erasure()
        assert standing(person, request)["state"] == "running"
        until(lambda: "BusRefused" in log.read_text()[before:] or None, "the operator sees that it is full")
        until(lambda: "BusFull" in _readiness(ground, "privacy") or None, "readiness says so")
        time.sleep(OUTAGE_S / 2)
        assert standing(person, request)["state"] == "running"
        assert seen_by(ground.bystander) == ground.before
    ground.erased(person, request)


class _changed:
    """A part runs with another configuration inside the `with`, and with its own again afterwards."""

    def __init__(self, ground: Ground, part: str, change: Callable[[], object]) -> None:
        self._ground, self._part, self._change = ground, part, change
        self._freeze = layout_of(ground.suite).run / f"{part}.frozen"

    def __enter__(self) -> None:
        self._freeze.touch()
        self._change()
        self._again()

    def __exit__(self, *_: object) -> None:
        self._freeze.unlink()
        self._again()

    def _again(self) -> None:
        old = self._ground.suite.pid(self._part)
        self._ground.suite.kill(self._part)
        self._ground.suite.up_again(self._part, old)


def _readiness(ground: Ground, service: str) -> str:
    """What the readiness of the service's worker says."""
    port = layout_of(ground.suite).worker_port(service)
    return urllib3.request("GET", f"http://127.0.0.1:{port}/readyz", timeout=5.0, retries=False).data.decode()


def _without(configuration: Json, key: str) -> Json:
    return {"identities": [i for i in configuration["identities"] if i["name"] != key]}


def _why(ground: Ground, service: str, kind: str) -> str:
    """What the operator is told of a task that waits."""
    with psycopg.connect(admin(ground.suite, f"nexoraz_{service}")) as connection:
        row = connection.execute("SELECT reason FROM tasks WHERE kind = %s AND reason <> ''", (kind,)).fetchone()
        return str(row[0]) if row else ""
