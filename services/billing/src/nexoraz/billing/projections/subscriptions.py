"""Which plan has this account, and how does its payment stand? (clause C1)"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from nexoraz.billing.domain import subscription_events as events
from nexoraz.billing.domain.plans import FREE
from nexoraz.billing.projections.tables import SUBSCRIPTIONS
from nexoraz.events.event import Event, Recorded
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """plan: what may be used now. next_plan: what is paid for next, "" for the same or none. state: none, incomplete,
    active, past_due, grace or ended. until: the end of the period. version: of what can be changed, 0 without any."""

    plan: str = FREE
    next_plan: str = ""
    state: str = "none"
    until: datetime | None = None
    cancels: bool = False
    version: int = 0


class AccountPlans:
    """Applies the events of a subscription: one row per account that ever was a customer."""

    tables = (SUBSCRIPTIONS,)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        event, connection = recorded.event, connection_of(tx)
        if isinstance(event, events.CustomerOpened):
            row = {"account_id": event.account_id, "customer": event.customer, "version": recorded.version}
            connection.execute(insert(SUBSCRIPTIONS).values(row))
        elif isinstance(event, events.SUBSCRIPTION_EVENTS):
            own = update(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.account_id == recorded.stream.account_id)
            connection.execute(own.values(version=recorded.version, **_changes(event)))


def _changes(event: Event) -> dict[str, Any]:  # noqa: PLR0911 - one line per event
    match event:
        case events.SubscriptionStarted():
            fresh = {"subscription": event.subscription, "next_plan": event.plan, "state": "incomplete"}
            return {**fresh, "cancels": False, "until": None}
        case events.PlanChosen():
            return {"next_plan": event.plan}
        case events.PlanChanged():
            return {"plan": event.plan}
        case events.PeriodExtended():
            return {"until": event.until}
        case events.CancellationPlanned():
            return {"cancels": True}
        case events.CancellationWithdrawn():
            return {"cancels": False}
        case events.SubscriptionEnded():
            return {"state": "ended", "cancels": False}
        case _:
            return {"state": _STATES[type(event)]}


_STATES: dict[type[Event], str] = {
    events.PaymentOverdue: "past_due",
    events.GraceBegan: "grace",
    events.PaymentRecovered: "active",
}


def plan_of(connection: Connection, account_id: str) -> PlanRecord:
    """The free plan for an account that never took one out."""
    t = SUBSCRIPTIONS
    query = select(t.c.plan, t.c.next_plan, t.c.state, t.c.until, t.c.cancels, t.c.version)
    row = connection.execute(query.where(t.c.account_id == account_id)).first()
    return PlanRecord(**row._mapping) if row else PlanRecord()


def account_of_customer(connection: Connection, customer: str) -> str | None:
    """Whose customer this is at Stripe."""
    query = select(SUBSCRIPTIONS.c.account_id).where(SUBSCRIPTIONS.c.customer == customer)
    found: str | None = connection.execute(query).scalar()
    return found


def customer_of(connection: Connection, account_id: str) -> str | None:
    """The account's customer at Stripe, None when there is none."""
    query = select(SUBSCRIPTIONS.c.customer).where(SUBSCRIPTIONS.c.account_id == account_id)
    found: str | None = connection.execute(query).scalar()
    return found
