"""Answers that take the same time whatever was found, so that a clock does not tell whether an account exists."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STEP = 0.25
"""Seconds. Several times what the slowest path takes on an idle machine, so that all paths end on the same step."""


class Pace:
    """Leaves a block at a multiple of STEP after entering it."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock = clock
        self._sleep = sleep

    @contextmanager
    def even(self) -> Iterator[None]:
        """On success and on refusal alike."""
        began = self._clock()
        try:
            yield
        finally:
            self._wait(began)

    @contextmanager
    def even_refusals(self) -> Iterator[None]:
        """On refusal only: for what tells by its answer that it succeeded."""
        began = self._clock()
        try:
            yield
        except Exception:
            self._wait(began)
            raise

    def _wait(self, began: float) -> None:
        self._sleep(STEP - (self._clock() - began) % STEP)
