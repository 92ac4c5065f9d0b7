"""Decisions about credits, and the conservation that holds for every history."""

from collections import Counter

from hypothesis import given as for_all
from hypothesis import strategies as st

from nexoraz.billing.domain.books import entry_of
from nexoraz.billing.domain.credits import (
    CREDITS,
    AddCredits,
    Command,
    Credits,
    HoldCredits,
    ReleaseCredits,
    ReleaseHeld,
    ReserveCredits,
    ReturnCredits,
    SpendCredits,
    TakeBackCredits,
)
from nexoraz.billing.domain.events import (
    CreditsReserved,
    CreditsReturned,
    CreditsTakenBack,
    HeldCreditsReleased,
    HeldCreditsRemoved,
    ReservationRefused,
)
from nexoraz.events.testing import given
from services.billing.tests.examples import (
    ANN,
    JOB,
    OTHER_JOB,
    PURCHASE_ID,
    add,
    added,
    held,
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


def test_held_credits_cannot_be_used_until_they_are_released() -> None:
    given(CREDITS).when(HoldCredits(ANN, PURCHASE_ID, 10)).then(held)
    given(CREDITS, held).when(HoldCredits(ANN, PURCHASE_ID, 10)).then()
    given(CREDITS, held).when(reserve).then(refused)
    given(CREDITS, held).when(ReleaseHeld(ANN, PURCHASE_ID)).then(HeldCreditsReleased(ANN, PURCHASE_ID, 10))
    given(CREDITS, added).when(ReleaseHeld(ANN, PURCHASE_ID)).then()


def test_credits_are_taken_back_once_and_only_those_that_are_not_spent() -> None:
    take = TakeBackCredits(ANN, PURCHASE_ID, "r1", 10)
    given(CREDITS, added).when(take).then(CreditsTakenBack(ANN, "r1", 10, 0))
    given(CREDITS, added, reserved).when(take).then(CreditsTakenBack(ANN, "r1", 9, 1))
    given(CREDITS, added, CreditsTakenBack(ANN, "r1", 10, 0)).when(take).then()
    given(CREDITS, held).when(take).then(HeldCreditsRemoved(ANN, PURCHASE_ID, "r1", 10))
    given(CREDITS, held, HeldCreditsRemoved(ANN, PURCHASE_ID, "r1", 10)).when(take).then()


def test_a_refund_that_failed_gives_its_credits_back_once() -> None:
    taken = CreditsTakenBack(ANN, "r1", 10, 0)
    returned = CreditsReturned(ANN, "r1", 10)
    given(CREDITS, added, taken).when(ReturnCredits(ANN, "r1")).then(returned)
    given(CREDITS, added, taken, returned).when(ReturnCredits(ANN, "r1")).then()
    given(CREDITS, added).when(ReturnCredits(ANN, "r1")).then()


JOBS = st.sampled_from(["j1", "j2", "j3"])
PURCHASES = st.sampled_from(["p1", "p2"])
REFUNDS = st.sampled_from(["r1", "r2", "r3"])
COMMANDS = st.one_of(
    st.builds(AddCredits, st.just(ANN), PURCHASES, st.integers(1, 20)),
    st.builds(HoldCredits, st.just(ANN), PURCHASES, st.integers(1, 20)),
    st.builds(ReleaseHeld, st.just(ANN), PURCHASES),
    st.builds(ReserveCredits, st.just(ANN), JOBS, st.integers(1, 30)),
    st.builds(SpendCredits, st.just(ANN), JOBS),
    st.builds(ReleaseCredits, st.just(ANN), JOBS),
    st.builds(TakeBackCredits, st.just(ANN), PURCHASES, REFUNDS, st.integers(0, 30)),
    st.builds(ReturnCredits, st.just(ANN), REFUNDS),
)


@for_all(st.lists(COMMANDS, max_size=40))
def test_the_books_always_balance_and_what_a_person_holds_is_never_negative(commands: list[Command]) -> None:
    state, books = Credits(), Counter[str]()
    for command in commands:
        events = CREDITS.decide(command, state)
        state = CREDITS.fold(events, state)
        assert CREDITS.decide(command, state) == [], "a repeated command has no second effect"
        for entry in filter(None, map(entry_of, events)):
            assert entry.credits >= 0 and sum(credits for _, credits in entry.postings()) == 0
            books.update(dict(entry.postings()))
        assert sum(books.values()) == 0
        assert (books["free"], books["reserved"], books["held"]) == (
            state.balance, sum(state.reserved.values()), sum(state.held.values()),
        )  # fmt: skip
        assert min(books["free"], books["reserved"], books["held"], books["spent"], books["refunded"]) >= 0
