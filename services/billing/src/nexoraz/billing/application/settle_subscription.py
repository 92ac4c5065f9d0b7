"""What the provider says of an account's plan becomes events: paid invoices with their credits, then what differs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from nexoraz.billing.application.subscription_ports import Customer, PaidInvoice, Subscriptions
from nexoraz.billing.domain.credits import CREDITS, AddCredits, credits_stream
from nexoraz.billing.domain.plans import plan_of_provider
from nexoraz.billing.domain.purchase import PURCHASE, purchase_stream
from nexoraz.billing.domain.purchase_commands import RecordInvoice
from nexoraz.billing.domain.subscription import (
    SUBSCRIPTION,
    Observe,
    Subscription,
    subscription_stream,
)
from nexoraz.events.event import Event
from nexoraz.events.store import EventStore, Transaction, execute, load, repeated

News = Callable[[Transaction, str, list[Event]], None]
"""Told in the same transaction what became known of an account's subscription."""


def purchase_of_invoice(invoice: str) -> str:
    """The purchase that an invoice is here: the same for every webhook about it, in any order."""
    return str(uuid5(NAMESPACE_URL, f"stripe/{invoice}"))


@dataclass(frozen=True, slots=True)
class SettleSubscription:
    """Asks the provider, which is the truth, and never believes the caller. Safe to repeat."""

    store: EventStore
    subscriptions: Subscriptions
    clock: Callable[[], datetime]

    def __call__(self, account_id: str, news: News) -> Customer | None:
        """None for an account that never took out a plan. Raises PaymentsUnavailable or AccountErased."""
        customer = self.state(account_id).customer
        if not customer:
            return None
        found = self.subscriptions.read(customer)
        repeated(self.store, lambda tx: news(tx, account_id, self.record(tx, account_id, found)))
        return found

    def state(self, account_id: str) -> Subscription:
        with self.store.transaction() as tx:
            return load(tx, SUBSCRIPTION, subscription_stream(account_id))[0]

    def record(self, tx: Transaction, account_id: str, found: Customer) -> list[Event]:
        """Append what is new, in the caller's transaction; returns the news of the subscription."""
        for invoice in found.invoices:
            self._credit(tx, account_id, invoice)
        if found.seen is None:
            return []
        command = Observe(account_id, found.seen, self.clock())
        return [r.event for r in execute(tx, SUBSCRIPTION, subscription_stream(account_id), command)]

    def _credit(self, tx: Transaction, account_id: str, invoice: PaidInvoice) -> None:
        plan = plan_of_provider(invoice.plan)
        if plan is None:  # not sold by us: the reconciliation tells it
            return
        purchase_id, credits = purchase_of_invoice(invoice.id), plan.credits_for(invoice.amount)
        paid = RecordInvoice(
            account_id, purchase_id, plan.id, credits, invoice.amount, invoice.currency, invoice.payment_intent,
            invoice.paid_at,
        )  # fmt: skip
        execute(tx, PURCHASE, purchase_stream(purchase_id, account_id), paid)
        execute(tx, CREDITS, credits_stream(account_id), AddCredits(account_id, purchase_id, credits))
