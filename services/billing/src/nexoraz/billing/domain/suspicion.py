"""Which payments somebody looks at before their credits can be used (clause U3). Pure: the facts arrive as data."""

from dataclasses import dataclass
from datetime import timedelta

VELOCITY_WINDOW = timedelta(hours=1)
MOST_IN_WINDOW = 5
"""Paid purchases of an account that are normal within the window; the next one is looked at."""

EUROPE = frozenset({
    "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IE", "IS", "IT",
    "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
})  # fmt: skip
"""Cards from any of these are one home: holding one for another would be what the EU's Regulation 2018/302 forbids."""


@dataclass(frozen=True, slots=True)
class PaymentFacts:
    """recent: paid purchases of the account within the window, this one not counted. card_country: ISO 3166, "" when
    Stripe does not tell. region: of the account, "eu", "us" or "other"; "" when identity has not told yet."""

    recent: int
    card_country: str
    region: str


def suspicions(facts: PaymentFacts) -> tuple[str, ...]:
    """The rules that a payment meets, by name; none for most."""
    found = []
    if facts.recent >= MOST_IN_WINDOW:
        found.append("velocity")
    if facts.card_country and _elsewhere(facts.card_country, facts.region):
        found.append("country")
    return tuple(found)


def _elsewhere(country: str, region: str) -> bool:
    return (region == "eu" and country not in EUROPE) or (region == "us" and country in EUROPE)
