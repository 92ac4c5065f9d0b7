"""Looking up how plans stand: after a hint, when a period ends, and while a payment is overdue."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from nexoraz.billing.application.payment_watch import OUTAGE_S, Tasks
from nexoraz.billing.application.ports import PaymentsUnavailable
from nexoraz.billing.application.settle_payment import PaidAfterErasure
from nexoraz.billing.application.settle_subscription import SettleSubscription
from nexoraz.billing.domain.subscription import SUBSCRIPTION, BeginGrace, State, subscription_stream
from nexoraz.billing.domain.subscription_events import GraceBegan, PaymentOverdue, PeriodExtended
from nexoraz.events.event import Event
from nexoraz.events.store import AccountErased, Transaction, execute, repeated
from nexoraz.events.tasks import GiveUp, Postpone, Task

SETTLE_SUBSCRIPTION, RETRY_RENEWAL, END_GRACE = "settle-subscription", "retry-renewal", "end-grace"
AFTER_PERIOD = timedelta(hours=2)
"""When a renewal is looked up without any hint; Stripe takes about an hour for it."""


@dataclass(frozen=True, slots=True)
class SubscriptionWatch:
    """Schedules and runs the look-ups. Safe to repeat."""

    tasks: Tasks
    settle: SettleSubscription

    def soon(self, tx: Transaction, account_id: str, hint: str) -> None:
        """Something hinted at news: look now; a repeated hint is one look."""
        self.tasks.enqueue(tx, SETTLE_SUBSCRIPTION, f"{account_id}:{hint}", {}, account_id)

    def note(self, tx: Transaction, account_id: str, news: list[Event]) -> None:
        """What follows later from what became known now, in the same transaction."""
        for event in news:
            match event:
                case PeriodExtended(until=until):
                    self._later(tx, SETTLE_SUBSCRIPTION, account_id, until + AFTER_PERIOD)
                case PaymentOverdue(retry_at=retry_at):
                    self._later(tx, RETRY_RENEWAL, account_id, retry_at)
                case GraceBegan(until=until):
                    self._later(tx, END_GRACE, account_id, until)
                case _:
                    continue

    def run_settle(self, task: Task) -> None:
        """Task handler of `soon`, and of the end of a period."""
        with _provider():
            self.settle(task.account_id, self.note)

    def run_retry(self, task: Task) -> None:
        """Task handler: the renewal is tried again; when it fails again, the grace begins."""
        with _provider():
            if self._still_owes(task.account_id, "past_due"):
                subscription = self.settle.state(task.account_id).subscription
                command = BeginGrace(task.account_id, subscription, self.settle.clock())
                repeated(self.settle.store, lambda tx: self._begin_grace(tx, command))

    def run_end(self, task: Task) -> None:
        """Task handler: the last try; when it fails, the plan ends, here and at the provider."""
        with _provider():
            if self._still_owes(task.account_id, "grace"):
                self.settle.subscriptions.end(self.settle.state(task.account_id).subscription)
                self.settle(task.account_id, self.note)

    def _begin_grace(self, tx: Transaction, command: BeginGrace) -> None:
        recorded = execute(tx, SUBSCRIPTION, subscription_stream(command.account_id), command)
        self.note(tx, command.account_id, [r.event for r in recorded])

    def _still_owes(self, account_id: str, state: State) -> bool:
        before = self.settle.state(account_id)
        if before.state != state:
            return False
        self.settle.subscriptions.retry(before.customer)
        self.settle(account_id, self.note)
        return self.settle.state(account_id).state == state

    def _later(self, tx: Transaction, kind: str, account_id: str, at: datetime) -> None:
        wait = max(0.0, (at - self.settle.clock()).total_seconds())
        self.tasks.enqueue(tx, kind, f"{account_id}:{at.isoformat()}", {}, account_id, delay_s=wait)


@contextmanager
def _provider() -> Iterator[None]:
    try:
        yield
    except PaymentsUnavailable as outage:
        raise Postpone(type(outage).__name__, OUTAGE_S) from outage
    except AccountErased as erased:
        raise GiveUp(PaidAfterErasure.__name__) from erased
