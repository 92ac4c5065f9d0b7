"""Looking up how payments ended: soon after a hint, and again later in case that no hint ever comes."""

from dataclasses import dataclass
from typing import Protocol

from nexoraz.billing.application.settle_payment import PaidAfterErasure, PaymentOpen, PaymentUnknown, SettlePayment
from nexoraz.events.store import EventStore, Transaction
from nexoraz.events.tasks import GiveUp, Task

SETTLE, CHECK = "settle-payment", "check-payment"
CHECK_AFTER_S = (60, 600, 3_600, 86_400)
"""When a payment is looked up without any hint, in seconds after the last look."""


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

    def soon(self, tx: Transaction, intent: str) -> None:
        """Stripe gave a hint: look now."""
        self.tasks.enqueue(tx, SETTLE, intent, {})

    def later(self, tx: Transaction, intent: str, look: int = 0) -> None:
        """Look without a hint; after the last look the payment counts as abandoned."""
        if look < len(CHECK_AFTER_S):
            self.tasks.enqueue(tx, CHECK, f"{intent}:{look}", {}, delay_s=CHECK_AFTER_S[look])

    def run_settle(self, task: Task) -> None:
        """Task handler of `soon`. An unknown or unanswered payment is tried again by the queue."""
        try:
            self.settle(task.key)
        except PaymentOpen:
            return
        except PaidAfterErasure as late:
            raise GiveUp("paid-after-erasure") from late

    def run_check(self, task: Task) -> None:
        """Task handler of `later`."""
        intent, _, look = task.key.rpartition(":")
        try:
            self.settle(intent)
        except PaymentOpen:
            with self.store.transaction() as tx:
                self.tasks.complete(tx, task)
                self.later(tx, intent, int(look) + 1)
        except (PaidAfterErasure, PaymentUnknown) as late:
            raise GiveUp(type(late).__name__) from late
