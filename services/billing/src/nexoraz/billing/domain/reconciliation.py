"""Comparing our records with Stripe's, both ways. Pure: what each side says arrives as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

What = Literal["payment", "subscription"]
How = Literal["missing-here", "missing-there", "amount", "refunded", "plan"]


@dataclass(frozen=True, slots=True)
class PaymentRecord:
    """A payment that succeeded. amount, refunded: in the currency's minor unit."""

    amount: int
    refunded: int


@dataclass(frozen=True, slots=True)
class Records:
    """One side. payments: by Stripe's payment intent. plans: what each living subscription pays for, by its id."""

    payments: Mapping[str, PaymentRecord]
    plans: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference. reference: Stripe's id of it. here, there: what each side says, "" when it knows nothing."""

    what: What
    how: How
    reference: str
    here: str = ""
    there: str = ""


def drifts(here: Records, there: Records) -> list[Drift]:
    """Every difference, in the order of the references."""
    return [*_payments(here.payments, there.payments), *_plans(here.plans, there.plans)]


def _payments(here: Mapping[str, PaymentRecord], there: Mapping[str, PaymentRecord]) -> list[Drift]:
    found = []
    for intent in sorted(here.keys() | there.keys()):
        ours, theirs = here.get(intent), there.get(intent)
        if ours is None:
            found.append(Drift("payment", "missing-here", intent, "", str(theirs.amount if theirs else "")))
        elif theirs is None:
            found.append(Drift("payment", "missing-there", intent, str(ours.amount)))
        else:
            if ours.amount != theirs.amount:
                found.append(Drift("payment", "amount", intent, str(ours.amount), str(theirs.amount)))
            if ours.refunded != theirs.refunded:
                found.append(Drift("payment", "refunded", intent, str(ours.refunded), str(theirs.refunded)))
    return found


def _plans(here: Mapping[str, str], there: Mapping[str, str]) -> list[Drift]:
    found = []
    for subscription in sorted(here.keys() | there.keys()):
        ours, theirs = here.get(subscription, ""), there.get(subscription, "")
        if subscription not in here:
            found.append(Drift("subscription", "missing-here", subscription, "", theirs))
        elif subscription not in there:
            found.append(Drift("subscription", "missing-there", subscription, ours))
        elif ours != theirs:
            found.append(Drift("subscription", "plan", subscription, ours, theirs))
    return found
