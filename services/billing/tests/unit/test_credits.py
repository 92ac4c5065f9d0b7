"""Decisions about credits, and the conservation that holds for every history."""

from hypothesis import given as for_all
from hypothesis import strategies as st

from nexoraz.billing.domain.credits import (
    CREDITS,
    AddCredits,
    Command,
    Credits,
    CreditsEvent,
    ReleaseCredits,
    ReserveCredits,
    SpendCredits,
)
from nexoraz.billing.domain.events import CreditsAdded, CreditsReserved, CreditsSpent, ReservationRefused
from nexoraz.events.testing import given
from services.billing.tests.examples import (
    ANN,
    JOB,
    OTHER_JOB,
    add,
    added,
    refused,
    release,
    released,
    reserve,
    reserved,
    spend,
    spent,
)


def test_paid_credits_are_added() -> None:
    given(CREDITS).when(add).then(added)


def test_a_purchase_adds_its_credits_once() -> None:
    given(CREDITS, added).when(add).then()


def test_credits_are_reserved_for_a_job() -> None:
    given(CREDITS, added).when(reserve).then(reserved)


def test_a_reservation_that_does_not_fit_is_refused_with_the_facts() -> None:
    given(CREDITS).when(reserve).then(refused)
    given(CREDITS, added).when(ReserveCredits(ANN, JOB, 11)).then(ReservationRefused(ANN, JOB, needed=11, left=10))


def test_reserved_credits_cannot_be_reserved_again_by_another_job() -> None:
    all_reserved = given(CREDITS, added, CreditsReserved(ANN, JOB, 10))
    all_reserved.when(ReserveCredits(ANN, OTHER_JOB, 1)).then(ReservationRefused(ANN, OTHER_JOB, needed=1, left=0))


def test_a_job_reserves_once_and_is_answered_once() -> None:
    given(CREDITS, added, reserved).when(reserve).then()
    given(CREDITS, added, reserved, spent).when(reserve).then()
    given(CREDITS, refused, added).when(reserve).then()


def test_a_finished_job_spends_its_reservation_once() -> None:
    given(CREDITS, added, reserved).when(spend).then(spent)
    given(CREDITS, added, reserved, spent).when(spend).then()


def test_a_failed_job_releases_its_reservation_once() -> None:
    given(CREDITS, added, reserved).when(release).then(released)
    given(CREDITS, added, reserved, released).when(release).then()


def test_a_job_is_either_spent_or_released() -> None:
    given(CREDITS, added, reserved, spent).when(release).then()
    given(CREDITS, added, reserved, released).when(spend).then()


def test_an_unknown_job_neither_spends_nor_releases() -> None:
    given(CREDITS, added).when(spend).then()
    given(CREDITS, added).when(release).then()


JOBS = st.sampled_from(["j1", "j2", "j3"])
COMMANDS = st.one_of(
    st.builds(AddCredits, st.just(ANN), st.sampled_from(["p1", "p2"]), st.integers(1, 20)),
    st.builds(ReserveCredits, st.just(ANN), JOBS, st.integers(1, 30)),
    st.builds(SpendCredits, st.just(ANN), JOBS),
    st.builds(ReleaseCredits, st.just(ANN), JOBS),
)


@for_all(st.lists(COMMANDS, max_size=40))
def test_credits_are_conserved_and_never_negative(commands: list[Command]) -> None:
    state, history = Credits(), list[CreditsEvent]()
    for command in commands:
        events = CREDITS.decide(command, state)
        state = CREDITS.fold(events, state)
        history += events
        assert state.balance >= 0
    bought = sum(e.credits for e in history if isinstance(e, CreditsAdded))
    used = sum(e.credits for e in history if isinstance(e, CreditsSpent))
    assert bought == state.balance + sum(state.reserved.values()) + used
