"""Looking up how payments ended: soon after a hint, and again later in case that no hint ever comes."""

from dataclasses import dataclass
from typing import Protocol

from nexoraz.billing.application.ports import PaymentMissing, PaymentsUnavailable
from nexoraz.billing.application.settle_payment import PaidAfterErasure, PaymentOpen, PaymentUnknown, SettlePayment
from nexoraz.events.store import EventStore, Transaction
from nexoraz.events.tasks import GiveUp, Postpone, Task

SETTLE, CHECK = "settle-payment", "check-payment"
CHECK_AFTER_S = (60, 600, 3_600, 86_400)
"""When a payment is looked up without any hint, in seconds after the last look."""
OUTAGE_S = 30.0
"""Seconds until Stripe is asked again after it did not answer."""


class Tasks(Protocol):
    """The part of the kernel's TaskQueue that is needed here."""

    def enqueue(
        self, tx: Transaction, kind: str, key: str, payload: dict[str, object], account_id: str = "", delay_s: float = 0
    ) -> None: ...

    def complete(self, tx: Transaction, task: Task) -> None: ...


@dataclass(frozen=True, slots=True)
class PaymentWatch:
    """Schedules and runs the look-ups. Safe to repeat: settling a payment twice has one effect."""

    tasks: Tasks
    store: EventStore
    settle: SettlePayment

    def soon(self, tx: Transaction, intent: str, hint: str) -> None:
        """Something hinted at news: look now. hint: names it, so that a repeated hint is one look, and a new one is
        never taken for the look that runs already."""
        self.tasks.enqueue(tx, SETTLE, f"{intent}:{hint}", {})

    def later(self, tx: Transaction, intent: str, look: int = 0) -> None:
        """Look without a hint; after the last look the payment counts as abandoned."""
        if look < len(CHECK_AFTER_S):
            self.tasks.enqueue(tx, CHECK, f"{intent}:{look}", {}, delay_s=CHECK_AFTER_S[look])

    def run_settle(self, task: Task) -> None:
        """Task handler of `soon`. A payment that is unknown here is tried again by the queue: its purchase may be about
        to commit."""
        intent, _, _ = task.key.partition(":")
        try:
            self._settle(intent)
        except PaymentOpen:
            return

    def run_check(self, task: Task) -> None:
        """Task handler of `later`."""
        intent, _, look = task.key.rpartition(":")
        try:
            self._settle(intent)
        except PaymentOpen:
            with self.store.transaction() as tx:
                self.tasks.complete(tx, task)
                self.later(tx, intent, int(look) + 1)
        except PaymentUnknown as late:
            raise GiveUp(type(late).__name__) from late

    def _settle(self, intent: str) -> None:
        try:
            self.settle(intent)
        except PaymentsUnavailable as outage:
            raise Postpone(type(outage).__name__, OUTAGE_S) from outage
        except (PaidAfterErasure, PaymentMissing) as final:
            raise GiveUp(type(final).__name__) from final
