"""Giving money back: asked for by the person, or by somebody at Stripe. Credits go first, in the transaction that
records the refund; the money follows by a task, so that none is paid for credits that are used meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from nexoraz.billing.application.payment_watch import OUTAGE_S, Tasks
from nexoraz.billing.application.ports import (
    Payments,
    PaymentsUnavailable,
    PurchaseIndex,
    PurchaseRef,
    RefundRejected,
    SeenRefund,
)
from nexoraz.billing.domain.credits import CREDITS, ReturnCredits, TakeBackCredits, credits_stream
from nexoraz.billing.domain.events import RefundedOutside, RefundFailed, RefundStarted
from nexoraz.billing.domain.purchase import PURCHASE, purchase_stream
from nexoraz.billing.domain.purchase_commands import (
    Command,
    ConfirmRefund,
    RecordOutsideRefund,
    RejectRefund,
    StartRefund,
)
from nexoraz.events.store import AccountErased, EventStore, Transaction, execute, load, repeated
from nexoraz.events.tasks import Postpone, Task

PAY_REFUND, SETTLE_REFUNDS = "pay-refund", "settle-refunds"


@dataclass(frozen=True, slots=True)
class Refunding:
    """Safe to repeat at every step."""

    store: EventStore
    payments: Payments
    purchases: PurchaseIndex
    tasks: Tasks
    clock: Callable[[], datetime]

    def start(self, tx: Transaction, account_id: str, purchase_id: str, refund_id: str, credits: int | None) -> None:
        """credits: None gives back all that can be. Raises NotRefundable or PurchaseUnknown. The task belongs to no
        account: the money is owed whatever becomes of the account."""
        holds, _ = load(tx, CREDITS, credits_stream(account_id))
        stream = purchase_stream(purchase_id, account_id)
        free = holds.held.get(purchase_id, holds.balance)
        execute_ = execute(tx, PURCHASE, stream, StartRefund(purchase_id, refund_id, credits, free, self.clock()))
        for started in (r.event for r in execute_):
            if isinstance(started, RefundStarted):
                self._take_back(tx, account_id, purchase_id, refund_id, started.credits)
                intent = load(tx, PURCHASE, stream)[0].payment_intent
                self.tasks.enqueue(tx, PAY_REFUND, refund_id, {"intent": intent, "amount": started.amount})

    def soon(self, tx: Transaction, intent: str, hint: str) -> None:
        """Something hinted at money that went back: look now; a repeated hint is one look."""
        self.tasks.enqueue(tx, SETTLE_REFUNDS, f"{intent}:{hint}", {})

    def run_pay(self, task: Task) -> None:
        """Task handler: Stripe pays, or refuses for good, and then the credits come back."""
        intent, refund_id = str(task.payload["intent"]), task.key
        try:
            refund = self.payments.refund(intent, refund_id, int(str(task.payload["amount"])))
        except PaymentsUnavailable as outage:
            raise Postpone(type(outage).__name__, OUTAGE_S) from outage
        except RefundRejected as rejected:
            code = rejected.code
            self._record(intent, lambda p: RejectRefund(p.purchase_id, refund_id, code, self.clock()))
        else:
            self._record(intent, lambda p: ConfirmRefund(p.purchase_id, refund_id, refund, self.clock()))

    def run_settle(self, task: Task) -> None:
        """Task handler of `soon`."""
        intent, _, _ = task.key.partition(":")
        try:
            found = self.payments.refunds(intent)
        except PaymentsUnavailable as outage:
            raise Postpone(type(outage).__name__, OUTAGE_S) from outage
        for seen in found:
            self._record(intent, lambda p, seen=seen: self._seen(p, seen))  # type: ignore[misc]  # the default binds

    def _seen(self, purchase: PurchaseRef, seen: SeenRefund) -> Command:
        if seen.refund_id:
            return ConfirmRefund(purchase.purchase_id, seen.refund_id, seen.id, self.clock())
        return RecordOutsideRefund(purchase.purchase_id, seen.id, seen.kind, seen.amount, self.clock())

    def _record(self, intent: str, command: Callable[[PurchaseRef], Command]) -> None:
        """Nothing for a payment that is not ours, and for an account that is erased: the reconciliation tells both."""

        def work(tx: Transaction) -> None:
            purchase = self.purchases.of_intent(tx, intent)
            if purchase is None:
                return
            account_id, purchase_id = purchase.account_id, purchase.purchase_id
            recorded = execute(tx, PURCHASE, purchase_stream(purchase_id, account_id), command(purchase))
            for event in (r.event for r in recorded):
                if isinstance(event, RefundFailed):
                    execute(tx, CREDITS, credits_stream(account_id), ReturnCredits(account_id, event.refund_id))
                elif isinstance(event, RefundedOutside):
                    self._take_back(tx, account_id, purchase_id, event.refund, event.credits)

        try:
            repeated(self.store, work)
        except AccountErased:
            return

    def _take_back(self, tx: Transaction, account_id: str, purchase_id: str, refund_id: str, credits: int) -> None:
        command = TakeBackCredits(account_id, purchase_id, refund_id, credits)
        execute(tx, CREDITS, credits_stream(account_id), command)
