"""One measured figure beside what it is compared with, from the same run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """value and reference_value share the unit. target: the ratio to reach, such as ">= 2.0" or "<= 2.0"."""

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
        sign, _, bound = self.target.partition(" ")
        return self.ratio >= float(bound) if sign == ">=" else self.ratio <= float(bound)
