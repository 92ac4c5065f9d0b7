"""One-time passwords against the test vectors of their RFCs."""

from datetime import UTC, datetime, timedelta

import pytest

from nexoraz.identity.domain.totp import STEP, code_of, step_at, step_of

SECRET = b"12345678901234567890"
NOW = datetime.fromtimestamp(1_111_111_111, UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "94287082"), (1_111_111_109, "07081804"), (1_111_111_111, "14050471"), (1_234_567_890, "89005924"),
     (2_000_000_000, "69279037"), (20_000_000_000, "65353130")],
)  # fmt: skip
def test_the_vectors_of_rfc_6238_appendix_b(seconds: int, code: str) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    assert code_of(SECRET, step_at(moment), digits=8) == code
    assert step_of(SECRET, code[2:], moment) == step_at(moment)


def test_the_vectors_of_rfc_4226_appendix_d() -> None:
    codes = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]
    assert [code_of(SECRET, count) for count in range(10)] == codes


@pytest.mark.parametrize(("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_early_or_late(steps: int, good: bool) -> None:
    code = code_of(SECRET, step_at(NOW + timedelta(seconds=STEP * steps)))
    assert (step_of(SECRET, code, NOW) is not None) == good


@pytest.mark.parametrize("code", ["", "0", "05047", "0504711", "\u0660" * 6])
def test_what_is_no_code_is_of_no_step(code: str) -> None:
    assert step_of(SECRET, code, NOW) is None
