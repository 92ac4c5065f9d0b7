"""Neither an answer nor its time tells whether somebody has an account."""

import statistics
import time
from collections.abc import Callable
from uuid import uuid4

import pytest

from tests.attacks.people import Somebody
from tests.attacks.wire import Answer, Wire

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]
ROUNDS = 9
APART_S, APART = 0.06, 0.35
"""How far two medians may lie apart: this much, and this share of the smaller one, for the noise of the machine."""


def alike(known: Callable[[], Answer], unknown: Callable[[], Answer]) -> None:
    """Both get the same answers in the same time, asked in turn so that a slow moment meets both."""
    times: dict[str, list[float]] = {"known": [], "unknown": []}
    shown: dict[str, set[tuple[int, str]]] = {"known": set(), "unknown": set()}
    for _ in range(ROUNDS):
        for kind, ask in (("known", known), ("unknown", unknown)):
            begun = time.perf_counter()
            answer = ask()
            times[kind].append(time.perf_counter() - begun)
            names = sorted(name for name in answer.headers if name not in ("Date", "X-Request-Id", "Traceresponse"))
            shown[kind].add((answer.status, f"{names} {answer.without_instance()}"))
    assert shown["known"] == shown["unknown"] and len(shown["known"]) == 1, shown
    first, second = statistics.median(times["known"]), statistics.median(times["unknown"])
    assert abs(first - second) < APART_S + APART * min(first, second), times


def nobody() -> str:
    return f"nobody.{uuid4().hex[:10]}@example.org"


def test_signing_up(wire: Wire, ann: Somebody) -> None:
    def register(email: str) -> Answer:
        details = {"email": email, "password": "correct horse battery", "country": "DE", "birth_date": "1990-04-01"}
        return wire.send("POST", "/v1/identity/accounts", details, Idempotency_Key=uuid4().hex)

    alike(lambda: register(ann.person.email), lambda: register(nobody()))
    alike(lambda: register(ann.person.email.upper()), lambda: register(nobody().upper()))


def test_signing_in_with_a_wrong_password(wire: Wire, ann: Somebody) -> None:
    def sign_in(email: str) -> Answer:
        return wire.send("POST", "/v1/identity/sessions", {"email": email, "password": "wrong password"})

    alike(lambda: sign_in(ann.person.email), lambda: sign_in(nobody()))


def test_asking_for_a_code(wire: Wire, ann: Somebody) -> None:
    def ask(email: str) -> Answer:
        return wire.send("POST", "/v1/identity/codes", {"email": email})

    alike(lambda: ask(ann.person.email), lambda: ask(nobody()))


def test_presenting_a_wrong_code(wire: Wire, ann: Somebody) -> None:
    def present(email: str) -> Answer:
        return wire.send("POST", "/v1/identity/codes/exchange", {"email": email, "code": "00000000"})

    alike(lambda: present(ann.person.email), lambda: present(nobody()))


def test_verifying_with_a_wrong_token(wire: Wire, ann: Somebody) -> None:
    """A token of the right shape that names an account, and one that names nobody."""

    def verify(account_id: str) -> Answer:
        token = f"{account_id}.x.{'A' * 43}"
        return wire.send("POST", "/v1/identity/accounts/verification", {"token": token})

    alike(lambda: verify(ann.person.account_id), lambda: verify(str(uuid4())))
