"""U3: how often one may ask and try, whichever process answers."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import pytest

from nexoraz.local import ports
from nexoraz.local.credentials import Credentials
from nexoraz.local.layout import Layout
from nexoraz.local.suite import THROTTLE_FACTOR, Suite
from tests.journey.demo import ROOT
from tests.journey.person import Person
from tests.journey.running import RunningSuite
from tests.policy.asking import Answer, ask
from tests.policy.conftest import Evidence

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
shows = pytest.mark.shows
TRIES = 10
"""Wrong passwords for one account from one address, in a quarter of an hour."""


def standing(answer: Answer) -> tuple[str, int, int]:
    """(whose, left, quota) as an answer says."""
    whose, left, _ = answer.headers["RateLimit"].split(";")
    _, quota, _ = answer.headers["RateLimit-Policy"].split(";")
    return whose.strip('"'), int(left.removeprefix("r=")), int(quota.removeprefix("q="))


@shows("U3", "RateLimit headers")
def test_every_service_says_what_may_still_be_asked(ann: Person, evidence: Evidence) -> None:
    paths = [
        "identity/profile",
        "assets/photos",
        "render/jobs",
        "billing/balance",
        "privacy/requests",
        "render/nothing",
    ]
    said = []
    for path in paths:
        whose, left, quota = standing(ask(ann, "GET", f"/v1/{path}"))
        assert whose == "account"
        assert 0 < left < quota
        stranger, _, _ = standing(ask(Person(ann.places), "GET", f"/v1/{path}"))
        assert stranger == "address"
        said.append(path.split("/")[0])
    evidence(f"RateLimit and RateLimit-Policy on answers of {', '.join(dict.fromkeys(said))}, refusals included")


@shows("U3", "limits across processes")
def test_a_new_process_goes_on_counting_where_the_last_one_was(
    suite: RunningSuite, ann: Person, evidence: Evidence
) -> None:
    ann.sign_in()
    _, before, quota = standing(ask(ann, "GET", "/v1/billing/balance"))
    old = suite.pid("billing-web")
    suite.kill("billing-web")
    suite.up_again("billing-web", old)
    ann.call("GET", "/v1/billing/balance")
    _, after, _ = standing(ask(ann, "GET", "/v1/billing/balance"))
    assert after < before, "the new process knows nothing of what was asked"
    evidence(f"{before} of {quota} left; after kill -9 and another process, {after}")


@contextmanager
def _web_as_delivered(suite: RunningSuite) -> Iterator[str]:
    """identity's web process with the limits that people meet; the shared suite's are a thousand times as wide."""
    port, layout = ports.free_range(1), Layout(ROOT, suite.var, suite.port)
    told = Suite(layout, Credentials(layout.secrets)).environment("identity", port)
    told = {name: value for name, value in told.items() if name != THROTTLE_FACTOR}
    command = [sys.executable, "-m", "nexoraz.identity", "web"]
    process = subprocess.Popen(
        command, env={**told, "PATH": os.environ["PATH"]}, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


@shows("U3", "sign-in throttled")
def test_guessing_a_password_ends_after_ten_tries(suite: RunningSuite, evidence: Evidence) -> None:
    with _web_as_delivered(suite) as address:
        guesser = Person(replace(suite.places, suite=address), "nobody.here@example.org")
        guesser.call("GET", "/livez")
        guess = {"email": guesser.email, "password": "not the password at all"}
        # An address of its own: the suite's processes have taken of this one's by their wider quota.
        send = partial(ask, guesser, "POST", "/v1/identity/sessions", guess, X_Forwarded_For="203.0.113.77")
        answers = [send() for _ in range(TRIES + 1)]
    assert [answer.status for answer in answers] == [401] * TRIES + [429]
    wait = int(answers[-1].headers["Retry-After"])
    assert 0 < wait <= 15 * 60
    evidence(f"{TRIES} wrong passwords get 401, the next one 429 for {wait} s, for an address that nobody has, too")
