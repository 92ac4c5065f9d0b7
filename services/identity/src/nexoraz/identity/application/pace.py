"""Answers that take the same time whatever was found, so that a clock does not tell whether an account exists."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STEP = 0.1
"""Seconds. Longer than the slowest path takes on an idle machine, so that all paths end on the same step."""


class Pace:
    """`with pace.even():` leaves at the next multiple of STEP after entering, on success and on refusal alike."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock = clock
        self._sleep = sleep

    @contextmanager
    def even(self) -> Iterator[None]:
        began = self._clock()
        try:
            yield
        finally:
            elapsed = self._clock() - began
            self._sleep(STEP - elapsed % STEP)
