"""One measured figure beside what it is compared with, from the same run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """value and reference_value share the unit. target: the ratio to reach, such as ">= 2.0" or "<= 2.0"; with "limit"
    before the sign, such as "limit <= 300", the value itself is compared. An empty target is only told."""

    name: str
    value: float
    unit: str
    reference: str
    reference_value: float
    target: str

    @property
    def ratio(self) -> float:
        return self.value / self.reference_value

    @property
    def met(self) -> bool:
        *limit, sign, bound = self.target.split(" ")
        measured = self.value if limit else self.ratio
        return measured >= float(bound) if sign == ">=" else measured <= float(bound)


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured. seconds: of each rate in each round. events: the length of a backlog on the bus."""

    rounds: int
    seconds: float
    events: int
    latencies: int
    people: int


FULL = Scale(rounds=3, seconds=1.0, events=20_000, latencies=600, people=12)
QUICK = Scale(rounds=1, seconds=0.3, events=2_000, latencies=100, people=3)


def in_turn(rounds: int, works: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """The median of each, measured alternately: the machine is shared, and what disturbs one disturbs all."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            found[name].append(work())
    return {name: median(values) for name, values in found.items()}
