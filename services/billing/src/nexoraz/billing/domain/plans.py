"""The plans, as data: a monthly price, and the credits that each paid month brings.

The rules that follow from it, in one place:
- Credits follow the money: a paid invoice brings the credits that its amount buys at the plan's price, so the
  difference that an upgrade costs brings credits as well.
- An upgrade holds at once and is charged at once, prorated by Stripe for the rest of the period.
- A downgrade holds from the next invoice; nothing is paid back, and what was bought stays.
- A cancellation holds at the end of the period that is paid.
- Unused credits never expire: they were paid. They stay when the plan ends.
"""

from dataclasses import dataclass
from datetime import timedelta

FREE = "free"
"""The plan of everybody who pays for none. It brings no credits."""

RETRY_AFTER = timedelta(days=3)
GRACE = timedelta(days=4)
"""A renewal that fails is tried again after RETRY_AFTER; when that fails too, the plan ends after GRACE, and a last
try. Stripe may try more often in between; whichever succeeds first counts."""


@dataclass(frozen=True, slots=True)
class Plan:
    """credits: of each paid month. amount: per month, in the currency's minor unit (cents)."""

    id: str
    title: str
    credits: int
    amount: int
    currency: str

    @property
    def provider_id(self) -> str:
        """Its name at Stripe. The price is in it, because a price there never changes."""
        return f"nexoraz-{self.id}-{self.amount}-{self.currency}"

    def credits_for(self, amount: int) -> int:
        """The credits that a paid amount brings; never more than a month's, never negative."""
        return max(0, min(self.credits, self.credits * amount // self.amount))


PLANS = {
    plan.id: plan
    for plan in (
        Plan("basic", "40 credits a month", 40, 900, "eur"),
        Plan("pro", "200 credits a month", 200, 2_900, "eur"),
        Plan("business", "1000 credits a month", 1_000, 9_900, "eur"),
    )
}


def plan_of_provider(provider_id: str) -> Plan | None:
    """The plan that Stripe calls so; None for one that is not ours."""
    return next((plan for plan in PLANS.values() if plan.provider_id == provider_id), None)
