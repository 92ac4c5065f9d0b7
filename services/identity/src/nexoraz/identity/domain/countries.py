"""What the country that a person declares decides: the age of digital consent (clause K1) and the region (X1)."""

from dataclasses import dataclass
from datetime import date

from nexoraz.events.decider import Refused

AGES_OF_CONSENT = {
    # GDPR Art. 8(1): 16, or lower where the member state's law says so.
    "AT": 14, "BE": 13, "BG": 14, "CY": 14, "CZ": 15, "DE": 16, "DK": 15, "EE": 13, "ES": 14, "FI": 13,
    "FR": 15, "GR": 15, "HR": 16, "HU": 16, "IE": 16, "IS": 13, "IT": 14, "LI": 16, "LT": 14, "LU": 16,
    "LV": 13, "MT": 13, "NL": 16, "NO": 13, "PL": 16, "PT": 13, "RO": 16, "SE": 13, "SI": 15, "SK": 16,
    # UK Data Protection Act 2018 s. 9; COPPA, 16 CFR 312.2; PIPA Art. 22-2; PIPL Art. 31; DPDP Act 2023 s. 2(f).
    "GB": 13, "US": 13, "KR": 14, "CN": 14, "IN": 18,
}  # fmt: skip
DEFAULT_AGE_OF_CONSENT = 16
"""For every other country: the strictest age that the GDPR itself sets."""

_EUROPE = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "CH",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GB",
        "GR",
        "HR",
        "HU",
        "IE",
        "IS",
        "IT",
        "LI",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "NO",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    ]
)
_AMERICAS = frozenset(["AR", "BR", "CA", "CL", "CO", "MX", "PE", "US", "UY"])


@dataclass
class BelowAgeOfConsent(Refused):
    """The person is too young to agree without a parent, in years, by the law of the declared country."""

    minimum_age: int


@dataclass
class BirthDateImpossible(Refused):
    """The declared date is in the future or more than 130 years ago."""


def age_on(day: date, born: date) -> int:
    """Whole years; someone born on 29 February turns a year older on 1 March."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def check_age(country: str, born: date, today: date) -> None:
    """Raises BelowAgeOfConsent or BirthDateImpossible. Nothing of what is passed in is kept (clause K1)."""
    age = age_on(today, born)
    if born > today or age > 130:
        raise BirthDateImpossible
    minimum = AGES_OF_CONSENT.get(country, DEFAULT_AGE_OF_CONSENT)
    if age < minimum:
        raise BelowAgeOfConsent(minimum)


def region_of(country: str) -> str:
    """The region in which an account of that country lives: "eu", "us" or "other"."""
    if country in _EUROPE:
        return "eu"
    return "us" if country in _AMERICAS else "other"
