"""One account's plan. Stripe is the truth: what is seen there is compared with what is known, and the differences are
the events. Seeing the same again, or something older, changes nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, assert_never

from nexoraz.billing.domain.plans import FREE, GRACE, RETRY_AFTER
from nexoraz.billing.domain.subscription_events import (
    CancellationPlanned,
    CancellationWithdrawn,
    CustomerOpened,
    GraceBegan,
    PaymentOverdue,
    PaymentRecovered,
    PeriodExtended,
    PlanChanged,
    PlanChosen,
    SubscriptionEnded,
    SubscriptionStarted,
)
from nexoraz.events.decider import Decider
from nexoraz.events.event import Stream

SeenStatus = Literal["incomplete", "active", "past_due", "ended"]
State = Literal["none", "incomplete", "active", "past_due", "grace", "ended"]


@dataclass(frozen=True, slots=True)
class Seen:
    """A subscription as Stripe tells it. plan: what is chosen. paid_plan: the plan of the newest paid invoice, "" when
    none is paid. until: the end of the period. number: counts the customer's subscriptions, the newest is highest."""

    subscription: str
    number: int
    status: SeenStatus
    plan: str
    paid_plan: str
    until: datetime
    cancels: bool


@dataclass(frozen=True, slots=True)
class OpenCustomer:
    account_id: str
    customer: str


@dataclass(frozen=True, slots=True)
class Observe:
    account_id: str
    seen: Seen
    at: datetime


@dataclass(frozen=True, slots=True)
class BeginGrace:
    """The second try failed as well."""

    account_id: str
    subscription: str
    at: datetime


Command = OpenCustomer | Observe | BeginGrace
SubscriptionEvent = (
    CustomerOpened
    | SubscriptionStarted
    | PlanChosen
    | PlanChanged
    | PeriodExtended
    | CancellationPlanned
    | CancellationWithdrawn
    | PaymentOverdue
    | GraceBegan
    | PaymentRecovered
    | SubscriptionEnded
)


@dataclass(frozen=True, slots=True)
class Subscription:
    """plan: what the account may use now. chosen: what it pays for next. ended: subscriptions that are over."""

    customer: str = ""
    subscription: str = ""
    state: State = "none"
    plan: str = FREE
    chosen: str = ""
    until: datetime | None = None
    cancels: bool = False
    ended: frozenset[str] = frozenset()


def decide(command: Command, state: Subscription) -> Sequence[SubscriptionEvent]:
    match command:
        case OpenCustomer(account_id, customer):
            return [] if state.customer else [CustomerOpened(account_id, customer)]
        case Observe(account_id, seen, at):
            return [] if _is_old_news(seen, state) else list(_observed(account_id, seen, at, state))
        case BeginGrace(account_id, subscription, at):
            overdue = state.state == "past_due" and state.subscription == subscription
            return [GraceBegan(account_id, subscription, at + GRACE)] if overdue else []
        case _:
            assert_never(command)


def _is_old_news(seen: Seen, state: Subscription) -> bool:
    """About a subscription that is over here, or about a dead one beside the one that lives."""
    other = state.subscription not in ("", seen.subscription) and state.state not in ("none", "ended")
    return seen.subscription in state.ended or (other and seen.status in ("ended", "incomplete"))


def _observed(account_id: str, seen: Seen, at: datetime, state: Subscription) -> Iterator[SubscriptionEvent]:
    known = seen.subscription == state.subscription
    if not known and seen.status == "ended":
        return
    if not known:
        yield SubscriptionStarted(account_id, seen.subscription, seen.plan, at)
        state = replace(state, subscription=seen.subscription, state="incomplete", chosen=seen.plan, until=None)
        state = replace(state, cancels=False)
    if seen.status == "ended":
        yield SubscriptionEnded(account_id, seen.subscription, "unpaid" if state.state == "grace" else "cancelled", at)
    else:
        yield from _terms(account_id, seen, state)
        yield from _paying(account_id, seen, at, state)
    plan = _entitled(seen)
    if plan != state.plan:
        yield PlanChanged(account_id, plan, state.plan, at)


def _terms(account_id: str, seen: Seen, state: Subscription) -> Iterator[SubscriptionEvent]:
    if seen.plan != state.chosen:
        yield PlanChosen(account_id, seen.subscription, seen.plan)
    if seen.until != state.until:
        yield PeriodExtended(account_id, seen.subscription, seen.until)
    if seen.cancels and not state.cancels:
        yield CancellationPlanned(account_id, seen.subscription, seen.until)
    if state.cancels and not seen.cancels:
        yield CancellationWithdrawn(account_id, seen.subscription)


def _paying(account_id: str, seen: Seen, at: datetime, state: Subscription) -> Iterator[SubscriptionEvent]:
    if seen.status == "past_due" and state.state not in ("past_due", "grace"):
        yield PaymentOverdue(account_id, seen.subscription, at + RETRY_AFTER)
    if seen.status == "active" and state.state in ("incomplete", "past_due", "grace"):
        yield PaymentRecovered(account_id, seen.subscription)


def _entitled(seen: Seen) -> str:
    return seen.paid_plan or FREE if seen.status in ("active", "past_due") else FREE


def evolve(state: Subscription, event: SubscriptionEvent) -> Subscription:  # noqa: PLR0911 - one line per event
    match event:
        case CustomerOpened():
            return replace(state, customer=event.customer)
        case SubscriptionStarted():
            fresh = Subscription(state.customer, event.subscription, "incomplete", state.plan, event.plan)
            return replace(fresh, ended=state.ended)
        case PlanChosen():
            return replace(state, chosen=event.plan)
        case PlanChanged():
            return replace(state, plan=event.plan)
        case PeriodExtended():
            return replace(state, until=event.until)
        case CancellationPlanned():
            return replace(state, cancels=True)
        case CancellationWithdrawn():
            return replace(state, cancels=False)
        case PaymentOverdue():
            return replace(state, state="past_due")
        case GraceBegan():
            return replace(state, state="grace")
        case PaymentRecovered():
            return replace(state, state="active")
        case SubscriptionEnded():
            return replace(state, state="ended", cancels=False, ended=state.ended | {event.subscription})
        case _:
            assert_never(event)


SUBSCRIPTION: Decider[Command, Subscription, SubscriptionEvent] = Decider(Subscription(), decide, evolve)


def subscription_stream(account_id: str) -> Stream:
    return Stream.of("subscription", account_id, account_id)
