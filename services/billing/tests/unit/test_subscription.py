"""What becomes of a plan, whatever Stripe tells and in whatever order it is heard."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given as for_all
from hypothesis import strategies as st

from nexoraz.billing.domain.plans import FREE, GRACE, PLANS, RETRY_AFTER
from nexoraz.billing.domain.subscription import (
    SUBSCRIPTION,
    BeginGrace,
    Observe,
    OpenCustomer,
    Seen,
    Subscription,
    SubscriptionEvent,
)
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
)
from nexoraz.events.testing import given
from services.billing.tests.examples import ANN, MONTH_END, NOON, seen, subscribed

History = list[SubscriptionEvent]
overdue = PaymentOverdue(ANN, "sub_1", NOON + RETRY_AFTER)
grace = GraceBegan(ANN, "sub_1", NOON + GRACE)


def told(**changes: object) -> Observe:
    return Observe(ANN, replace(seen, **changes), NOON)  # type: ignore[arg-type]  # fields of Seen


def test_a_paid_plan_starts_once() -> None:
    given(SUBSCRIPTION, subscribed[0]).when(told()).then(*subscribed[1:])
    given(SUBSCRIPTION, *subscribed).when(told()).then()


def test_a_customer_is_opened_once() -> None:
    given(SUBSCRIPTION).when(OpenCustomer(ANN, "cus_1")).then(CustomerOpened(ANN, "cus_1"))
    given(SUBSCRIPTION, *subscribed).when(OpenCustomer(ANN, "cus_2")).then()


def test_a_plan_that_is_not_paid_yet_gives_nothing() -> None:
    state = SUBSCRIPTION.fold(SUBSCRIPTION.decide(told(status="incomplete", paid_plan=""), Subscription()))
    assert (state.state, state.plan) == ("incomplete", FREE)


def test_an_upgrade_holds_once_it_is_paid() -> None:
    given(SUBSCRIPTION, *subscribed).when(told(plan="pro", paid_plan="pro")).then(
        PlanChosen(ANN, "sub_1", "pro"), PlanChanged(ANN, "pro", "basic", NOON)
    )


def test_a_downgrade_keeps_the_plan_that_is_paid_until_the_next_invoice() -> None:
    pro: History = [*subscribed, PlanChosen(ANN, "sub_1", "pro"), PlanChanged(ANN, "pro", "basic", NOON)]
    chosen = PlanChosen(ANN, "sub_1", "basic")
    given(SUBSCRIPTION, *pro).when(told(plan="basic", paid_plan="pro")).then(chosen)
    later = MONTH_END + timedelta(days=30)
    given(SUBSCRIPTION, *pro, chosen).when(told(plan="basic", paid_plan="basic", until=later)).then(
        PeriodExtended(ANN, "sub_1", later), PlanChanged(ANN, "basic", "pro", NOON)
    )


def test_a_cancelled_plan_holds_to_the_end_of_the_period() -> None:
    planned = CancellationPlanned(ANN, "sub_1", MONTH_END)
    given(SUBSCRIPTION, *subscribed).when(told(cancels=True)).then(planned)
    given(SUBSCRIPTION, *subscribed, planned).when(told()).then(CancellationWithdrawn(ANN, "sub_1"))
    given(SUBSCRIPTION, *subscribed, planned).when(told(status="ended")).then(
        SubscriptionEnded(ANN, "sub_1", "cancelled", NOON), PlanChanged(ANN, FREE, "basic", NOON)
    )


def test_a_failed_renewal_is_overdue_then_in_grace_and_the_plan_holds_meanwhile() -> None:
    given(SUBSCRIPTION, *subscribed).when(told(status="past_due")).then(overdue)
    given(SUBSCRIPTION, *subscribed, overdue).when(told(status="past_due")).then()
    given(SUBSCRIPTION, *subscribed, overdue).when(BeginGrace(ANN, "sub_1", NOON)).then(grace)
    given(SUBSCRIPTION, *subscribed, overdue, grace).when(BeginGrace(ANN, "sub_1", NOON)).then()
    given(SUBSCRIPTION, *subscribed, overdue, grace).when(told(status="past_due")).then()


def test_a_grace_that_runs_out_ends_the_plan_as_unpaid() -> None:
    given(SUBSCRIPTION, *subscribed, overdue, grace).when(told(status="ended")).then(
        SubscriptionEnded(ANN, "sub_1", "unpaid", NOON), PlanChanged(ANN, FREE, "basic", NOON)
    )


def test_what_was_overdue_and_is_paid_goes_on() -> None:
    given(SUBSCRIPTION, *subscribed, overdue, grace).when(told()).then(PaymentRecovered(ANN, "sub_1"))
    given(SUBSCRIPTION, *subscribed).when(BeginGrace(ANN, "sub_1", NOON)).then()


def test_old_news_of_a_plan_that_is_over_changes_nothing() -> None:
    end = SubscriptionEnded(ANN, "sub_1", "cancelled", NOON)
    over: History = [*subscribed, end, PlanChanged(ANN, FREE, "basic", NOON)]
    given(SUBSCRIPTION, *over).when(told()).then()
    given(SUBSCRIPTION, *over).when(told(status="ended")).then()
    given(SUBSCRIPTION, *subscribed).when(told(subscription="sub_0", status="ended")).then()


SEEN = st.builds(
    Seen,
    st.sampled_from(["sub_1", "sub_2"]),
    st.just(1),
    st.sampled_from(["incomplete", "active", "past_due", "ended"]),
    st.sampled_from(sorted(PLANS)),
    st.sampled_from(["", *sorted(PLANS)]),
    st.sampled_from([MONTH_END, MONTH_END + timedelta(days=30)]),
    st.booleans(),
)


@for_all(st.lists(st.one_of(SEEN, st.sampled_from(["sub_1", "sub_2"])), max_size=12))
def test_whatever_is_heard_twice_says_nothing_new_and_a_plan_needs_a_paid_invoice(heard: list[Seen | str]) -> None:
    state = Subscription("cus_1")
    for each in heard:
        command = BeginGrace(ANN, each, NOON) if isinstance(each, str) else Observe(ANN, each, NOON)
        state = SUBSCRIPTION.fold(SUBSCRIPTION.decide(command, state), state)
        assert SUBSCRIPTION.decide(command, state) == []
        assert state.plan == FREE or state.state in ("active", "past_due", "grace")


@for_all(st.sampled_from(sorted(PLANS)), st.integers(0, 20_000))
def test_credits_follow_the_money_and_never_exceed_a_month(plan: str, amount: int) -> None:
    sold = PLANS[plan]
    assert sold.credits_for(sold.amount) == sold.credits
    assert 0 <= sold.credits_for(amount) <= sold.credits
    assert sold.credits_for(amount) <= sold.credits_for(amount + 1)
