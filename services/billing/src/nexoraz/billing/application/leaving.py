"""An erasure takes the customer away at the payment provider too, before what names it there is gone here.

What was paid stays at the provider, as it does here: the law wants it. Who never took out a plan has no customer,
and nothing is asked of the provider then; the receipt's line of `subscriptions` says how many there were.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from nexoraz.billing.application.ports import PaymentsUnavailable
from nexoraz.billing.application.subscription_ports import Customers
from nexoraz.events.tasks import Postpone

SOONEST, LATEST = timedelta(seconds=15), timedelta(minutes=15)
PATIENCE = 8
"""The wait for the next try is this part of the time that was waited already."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """customer_of: the account's customer, None without one. begun_at: since when the account is being erased."""

    provider: Customers
    customer_of: Callable[[str], str | None]
    begun_at: Callable[[str], datetime]
    clock: Callable[[], datetime]

    def leave(self, account_id: str, _request_id: str) -> None:
        """Raises Postpone while the provider does not answer: the erasure waits as long as it takes, and says why."""
        customer = self.customer_of(account_id)
        if customer is None:
            return
        try:
            self.provider.close_customer(customer)
        except PaymentsUnavailable as away:
            wait = next_try(self.clock() - self.begun_at(account_id))
            raise Postpone(f"Stripe does not delete the customer: {away}", wait.total_seconds()) from away


def next_try(waited: timedelta) -> timedelta:
    """How long to wait after having waited so long in vain."""
    return min(LATEST, max(SOONEST, waited / PATIENCE))
