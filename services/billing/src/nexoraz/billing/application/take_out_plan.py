"""A person takes out a plan, changes it, cancels it or takes the cancellation back. Stripe does it; what it then says
is recorded like everything else that it says."""

from dataclasses import dataclass

from nexoraz.billing.application.settle_subscription import SettleSubscription
from nexoraz.billing.application.subscription_ports import Customer
from nexoraz.billing.domain.plans import PLANS, Plan
from nexoraz.billing.domain.subscription import SUBSCRIPTION, OpenCustomer, Subscription, subscription_stream
from nexoraz.events.decider import Refused
from nexoraz.events.store import handle


@dataclass
class UnknownPlan(Refused):
    """No such plan is sold."""

    plan: str


@dataclass
class PlanRunning(Refused):
    """There is a plan already: change that one."""

    plan: str


@dataclass
class NoPlanRunning(Refused):
    """There is nothing to change."""


@dataclass
class PaymentOutstanding(Refused):
    """The plan cannot change while a payment is overdue or not finished."""

    state: str


LIVING = ("active", "past_due", "grace", "incomplete")


@dataclass(frozen=True, slots=True)
class Plans:
    """The commands of a person about the own plan. Each asks Stripe first; nothing is recorded when it refuses."""

    settle: SettleSubscription

    def take_out(self, account_id: str, plan_id: str, payment_method: str, key: str) -> Customer:
        """key: names the request, so that a repeated one meets the same subscription. Raises UnknownPlan, PlanRunning,
        PaymentRejected or PaymentsUnavailable."""
        plan, provider = _plan(plan_id), self.settle.subscriptions
        customer = self._customer(account_id)
        found = provider.read(customer)
        if found.seen and found.seen.status != "ended":
            if found.seen.subscription == self.settle.state(account_id).subscription or found.seen.plan != plan.id:
                raise PlanRunning(found.seen.plan)
            return found  # the request before this one died on the way
        provider.pay_by(customer, payment_method)
        provider.subscribe(customer, plan, key)
        return provider.read(customer)

    def change(self, account_id: str, plan_id: str, key: str) -> Customer:
        """An upgrade holds and is charged at once; a downgrade holds from the next invoice."""
        plan, state = _plan(plan_id), self._running(account_id)
        if state.state != "active":
            raise PaymentOutstanding(state.state)
        if plan.id != state.chosen:
            at_once = plan.amount > max(PLANS[p].amount for p in {state.plan, state.chosen} if p in PLANS)
            self.settle.subscriptions.change(state.subscription, plan, at_once=at_once, key=key)
        return self.settle.subscriptions.read(state.customer)

    def cancel_later(self, account_id: str, *, cancels: bool) -> Customer:
        state = self._running(account_id)
        self.settle.subscriptions.cancel_later(state.subscription, cancels=cancels)
        return self.settle.subscriptions.read(state.customer)

    def pay_by(self, account_id: str, payment_method: str) -> Customer:
        """Another payment method; what is overdue is tried with it at once."""
        state = self._running(account_id)
        self.settle.subscriptions.pay_by(state.customer, payment_method)
        if state.state in ("past_due", "grace"):
            self.settle.subscriptions.retry(state.customer)
        return self.settle.subscriptions.read(state.customer)

    def _running(self, account_id: str) -> Subscription:
        state = self.settle.state(account_id)
        if state.state not in LIVING:
            raise NoPlanRunning
        return state

    def _customer(self, account_id: str) -> str:
        """Recorded before anything is sold to it, so that every webhook and an erasure find it."""
        known = self.settle.state(account_id).customer
        if known:
            return known
        opened = OpenCustomer(account_id, self.settle.subscriptions.open_customer(account_id))
        handle(self.settle.store, SUBSCRIPTION, subscription_stream(account_id), opened)
        return self.settle.state(account_id).customer


def _plan(plan_id: str) -> Plan:
    if plan_id not in PLANS:
        raise UnknownPlan(plan_id)
    return PLANS[plan_id]
