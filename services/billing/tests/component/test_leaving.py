"""An erasure and the customer at the payment provider, with the provider in memory."""

from datetime import UTC, datetime, timedelta

import pytest

from nexoraz.billing.adapters.memory import FakeCustomers
from nexoraz.billing.application.leaving import LATEST, SOONEST, Leaving, next_try
from nexoraz.events.tasks import Postpone
from nexoraz.events.testing import FixedClock
from services.billing.tests.examples import ANN

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


def leaving(provider: FakeCustomers, customer: str | None, clock: FixedClock) -> Leaving:
    return Leaving(provider, lambda _: customer, lambda _: BEGUN, clock)


def test_the_customer_is_deleted_at_the_provider_however_often_it_is_asked() -> None:
    provider = FakeCustomers()
    provider.known = {"cus_1", "cus_2"}
    for _ in range(2):
        leaving(provider, "cus_1", FixedClock(BEGUN)).leave(ANN, "r")
    assert provider.known == {"cus_2"}


def test_without_a_customer_the_provider_is_not_asked() -> None:
    provider = FakeCustomers()
    provider.down = True
    leaving(provider, None, FixedClock(BEGUN)).leave(ANN, "r")
    assert provider.asked == 0


def test_a_provider_that_answers_errors_for_a_day_is_asked_less_and_less_and_deletes_at_last() -> None:
    provider, clock = FakeCustomers(), FixedClock(BEGUN)
    provider.known, provider.down = {"cus_1"}, True
    waits = []
    while clock() < BEGUN + timedelta(days=1):
        with pytest.raises(Postpone, match="Stripe does not delete the customer: APIError") as postponed:
            leaving(provider, "cus_1", clock).leave(ANN, "r")
        waits.append(postponed.value.delay_s)
        clock.advance(seconds=waits[-1])
    assert waits == sorted(waits) and waits[0] == SOONEST.total_seconds() and waits[-1] == LATEST.total_seconds()
    assert len(waits) < 150
    provider.down = False
    leaving(provider, "cus_1", clock).leave(ANN, "r")
    assert provider.known == set()


def test_the_wait_has_bounds() -> None:
    assert next_try(timedelta()) == SOONEST and next_try(timedelta(days=30)) == LATEST
