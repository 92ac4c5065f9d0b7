"""How much an account may keep, by its plan. What lies in the bin counts: it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from nexoraz.assets.domain.events import PlanNoted
from nexoraz.events.decider import Decider, Refused
from nexoraz.events.event import Stream

FREE = "free"
"""The plan of everybody of whom billing has told no other."""


@dataclass(frozen=True, slots=True)
class Amount:
    """photos: how many. bytes: of their files together."""

    photos: int
    bytes: int


ALLOWED = {
    FREE: Amount(1_000, 5_000_000_000),
    "basic": Amount(5_000, 25_000_000_000),
    "pro": Amount(25_000, 125_000_000_000),
    "business": Amount(100_000, 500_000_000_000),
}


@dataclass
class QuotaExhausted(Refused):
    """The plan allows no more; both amounts of what would be kept, and of what may be."""

    plan: str
    photos: int
    photos_allowed: int
    bytes: int
    bytes_allowed: int


@dataclass(frozen=True, slots=True)
class NotePlan:
    account_id: str
    plan: str


def allowed(plan: str) -> Amount:
    """A plan that is not known here allows what everybody may have."""
    return ALLOWED.get(plan, ALLOWED[FREE])


def judge(plan: str, kept: Amount) -> None:
    """Raises QuotaExhausted when that is more than the plan allows."""
    most = allowed(plan)
    if kept.photos > most.photos or kept.bytes > most.bytes:
        raise QuotaExhausted(plan, kept.photos, most.photos, kept.bytes, most.bytes)


def decide(command: NotePlan, plan: str) -> Sequence[PlanNoted]:
    return [] if command.plan == plan else [PlanNoted(command.account_id, command.plan)]


def evolve(_: str, event: PlanNoted) -> str:
    return event.plan


PLAN: Decider[NotePlan, str, PlanNoted] = Decider(FREE, decide, evolve)


def plan_stream(account_id: str) -> Stream:
    return Stream.of("plan", account_id, account_id)
