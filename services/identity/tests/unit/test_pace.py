"""Answers end on even steps of time."""

import pytest

from nexoraz.identity.application.pace import STEP, Pace


def test_a_fast_and_a_slow_path_end_on_the_same_step() -> None:
    waits: list[float] = []
    elapsed = iter([0.0, STEP * 0.3, 0.0, STEP * 0.7, 0.0, STEP * 1.5])
    pace = Pace(clock=lambda: next(elapsed), sleep=waits.append)
    for _ in range(3):
        with pace.even():
            pass
    assert waits == pytest.approx([STEP * 0.7, STEP * 0.3, STEP * 0.5])


def test_a_refusal_waits_like_a_success() -> None:
    waits: list[float] = []
    elapsed = iter([0.0, STEP * 0.2])
    with pytest.raises(LookupError), Pace(clock=lambda: next(elapsed), sleep=waits.append).even():
        raise LookupError
    assert waits == pytest.approx([STEP * 0.8])


def test_where_only_refusals_are_even_a_success_leaves_at_once() -> None:
    waits: list[float] = []
    elapsed = iter([0.0, 0.0, STEP * 0.2])
    pace = Pace(clock=lambda: next(elapsed), sleep=waits.append)
    with pace.even_refusals():
        pass
    with pytest.raises(LookupError), pace.even_refusals():
        raise LookupError
    assert waits == pytest.approx([STEP * 0.8])
