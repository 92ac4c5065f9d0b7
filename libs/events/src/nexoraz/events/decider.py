"""The decider: pure functions from commands to events (J. Chassaing, "Functional Event Sourcing Decider")."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Generic, TypeVar

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E")


class Refused(Exception):
    """A command breaks a rule. Subclasses are frozen dataclasses named after the broken rule and carry facts."""


@dataclass(frozen=True, slots=True)
class Decider(Generic[C, S, E]):
    """One aggregate. `decide` and `evolve` are pure: time, ids and prices arrive in the command."""

    initial: S
    decide: Callable[[C, S], Sequence[E]]
    evolve: Callable[[S, E], S]

    def fold(self, events: Iterable[E], state: S | None = None) -> S:
        """The state after `events`, starting from `state` or from the initial one."""
        return reduce(self.evolve, events, self.initial if state is None else state)
