"""One person's whole life on the real parts, undisturbed and with everything that runs killed under it."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journey.demo import PRESETS, ROOT, journey, sample
from tests.journey.evidence import gather
from tests.journey.person import Person, until
from tests.journey.running import RunningSuite

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

OURS = [
    f"{service}-{kind}"
    for service in ("identity", "assets", "render", "billing", "privacy")
    for kind in ("web", "worker")
]
PARTS = ["nats", "postgres", "s3", "gateway"]
OUTAGE_S = float(os.environ.get("OUTAGE_S", "12"))
"""How long NATS stands still; a minute in `make faults`."""


def test_the_whole_journey_leaves_nothing_behind(suite: RunningSuite, tmp_path: Path) -> None:
    journey(suite.places, sample(), tmp_path, suite.var, suite.port)


def ledger(person: Person) -> list[tuple[str, int]]:
    entries = person.call("GET", "/v1/billing/ledger?limit=100")["items"]
    return sorted((entry["kind"], entry["credits"]) for entry in entries)


def check_each_effect_once(person: Person, renders: int) -> None:
    """Bought once, and for every render reserved once and spent once: nothing lost, nothing doubled."""
    bought = [("purchase", 10)]
    expected = sorted([*bought, *[("reservation", -1)] * renders, *[("spending", 0)] * renders])
    until(lambda: True if ledger(person) == expected else None, f"the ledger balanced: {ledger(person)}")
    assert person.balance() == {"balance": 10 - renders, "reserved": 0, "held": 0}
    assert len(person.call("GET", "/v1/assets/photos")["items"]) == 1
    assert len(person.call("GET", "/v1/billing/purchases")["items"]) == 1
    assert len(person.call("GET", "/v1/render/jobs")["items"]) == renders


def life(person: Person) -> str:
    """Register to erasure; returns the account's id."""
    person.register()
    person.sign_in()
    photo = person.upload(sample())
    person.buy()
    for preset in PRESETS:
        person.render(photo["id"], preset)
    check_each_effect_once(person, len(PRESETS))
    assert person.export()[:2] == b"PK"
    request_id, token = person.ask_erasure()
    assert [name for name, _ in person.watch(request_id, token)][-1] == "completed"
    return person.account_id


class Killer(threading.Thread):
    """Kills each of the named processes once, the next after the one before came back, or until told to stop."""

    def __init__(self, suite: RunningSuite, names: list[str], pause_s: float) -> None:
        super().__init__(daemon=True)
        self.suite, self.names, self.pause_s = suite, names, pause_s
        self.killed: list[str] = []
        self.done = threading.Event()

    def run(self) -> None:
        for name in self.names:
            if self.done.wait(self.pause_s):
                return
            old = self.suite.pid(name)
            self.suite.kill(name)
            self.killed.append(name)
            self.suite.up_again(name, old)


@pytest.mark.parametrize("names", [OURS, PARTS], ids=["our processes", "the parts"])
def test_a_life_goes_on_while_everything_is_killed_in_turn(suite: RunningSuite, names: list[str]) -> None:
    killer, person = Killer(suite, names, pause_s=0.3), suite.person()
    killer.start()
    try:
        account_id = life(person)
    finally:
        killer.done.set()
        killer.join(timeout=120)
    assert killer.killed == names, f"the life was over before all were killed: {killer.killed}"
    left = gather(ROOT, suite.var, suite.port, account_id)
    assert (left.keys, left.objects, left.unexpected_rows()) == (0, 0, {})


def test_the_api_serves_while_nats_is_away_and_events_flow_when_it_is_back(suite: RunningSuite) -> None:
    person = suite.person()
    person.register()
    person.sign_in()
    person.upload(sample())
    warm = person.upload(sample(), title="Before")
    person.buy()
    person.render(warm["id"], PRESETS[0])
    with suite.stopped("nats", OUTAGE_S) as until_then:
        photo = person.upload(sample(), title="While NATS is away")
        job = person.ask_render(warm["id"], PRESETS[2])
        bought = person.buy("studio")
        reads: list[Callable[[], object]] = [
            person.balance,
            lambda: person.call("GET", "/v1/assets/photos"),
            lambda: person.call("GET", "/v1/identity/profile"),
            lambda: person.call("GET", "/v1/privacy/requests"),
        ]
        while time.monotonic() < until_then:
            for read in reads:
                read()
            time.sleep(0.2)
        assert person.call("GET", f"/v1/render/jobs/{job['id']}")["state"] == "requested"
    assert bought["state"] == "paid"
    finished, _ = person.finished(job["id"])
    assert finished["state"] == "completed"
    person.render(photo["id"], PRESETS[2])
    until(
        lambda: True if person.balance() == {"balance": 57, "reserved": 0, "held": 0} else None, "the credits balanced"
    )
