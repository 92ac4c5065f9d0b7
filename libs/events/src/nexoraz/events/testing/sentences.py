"""Tests that read: `given(decider, registered).when(CloseAccount(a)).then(AccountClosed(a))`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from nexoraz.events.decider import Decider, Refused

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E")


def given(decider: Decider[C, S, E], *events: E) -> "Given[C, S, E]":
    """A stream in which these events have happened."""
    return Given(decider, events)


@dataclass(frozen=True)
class Given(Generic[C, S, E]):
    """The history before a command."""

    decider: Decider[C, S, E]
    events: Sequence[E]

    def when(self, command: C) -> "Outcome[E]":
        """Decide the command on the state that the history leads to."""
        state = self.decider.fold(self.events)
        try:
            return Outcome(list(self.decider.decide(command, state)), None)
        except Refused as refusal:
            return Outcome([], refusal)

    def after(self, *commands: C) -> "Given[C, S, E]":
        """The history extended by what these commands led to; each must be accepted."""
        history = list(self.events)
        for command in commands:
            history += self.decider.decide(command, self.decider.fold(history))
        return Given(self.decider, history)


@dataclass(frozen=True)
class Outcome(Generic[E]):
    """What a command led to."""

    events: list[E]
    refusal: Refused | None

    def then(self, *expected: E) -> None:
        """Exactly these events, in this order; none at all means accepted without effect."""
        assert self.refusal is None, f"refused: {self.refusal!r}"
        assert self.events == list(expected)

    def refused(self, expected: Refused) -> None:
        """Refused with exactly this rule and these facts, and nothing happened."""
        assert self.refusal == expected, f"expected {expected!r}, got {self.refusal!r} and {self.events!r}"
