"""A legal hold: placed before the erasure begins, answered by its participant, released once."""

from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec.structs import replace as changed

from nexoraz.events.testing import given
from nexoraz.privacy.adapters.published import HoldPlaced as Published
from nexoraz.privacy.adapters.published import translate
from nexoraz.privacy.domain.hold import (
    UNTOLD,
    ErasureBegan,
    HoldConfirmed,
    HoldNotInForce,
    HoldPlaced,
    HoldReleased,
    NoteAnswer,
    ParticipantUnknown,
    PlaceHold,
    ReleaseHold,
    UntilPassed,
    hold,
)
from services.privacy.tests import examples as x

HOLD = "5e1f2a9c-0000-4000-8000-0000000000bb"
BASIS = "legal-claim (GDPR Art. 17(3)(e))"
UNTIL = x.NOW + timedelta(days=90)
place = PlaceHold(HOLD, x.ACCOUNT, "billing", "purchases", "p1", "", BASIS, "case 4711", UNTIL, True, x.FIVE, "", x.NOW)
placed = HoldPlaced(HOLD, x.ACCOUNT, "billing", "purchases", "p1", "", BASIS, "case 4711", UNTIL, True, x.NOW)
there = HoldConfirmed(HOLD, "placed", 1, x.NOW)
release = ReleaseHold("operator", x.NOW)
released = HoldReleased(HOLD, x.ACCOUNT, "billing", "operator", x.NOW)
gone = HoldConfirmed(HOLD, "released", 1, x.NOW)


def test_a_hold_is_placed() -> None:
    given(hold).when(place).then(placed)


def test_after_the_erasure_began_it_is_refused() -> None:
    given(hold).when(replace(place, being_erased_by=x.REQUEST)).refused(ErasureBegan(x.REQUEST))


def test_with_a_service_that_takes_no_part_it_is_refused() -> None:
    given(hold).when(replace(place, participant="post")).refused(ParticipantUnknown("post"))


def test_one_that_would_be_over_is_refused() -> None:
    given(hold).when(replace(place, until=x.NOW)).refused(UntilPassed(x.NOW))


def test_the_answer_is_recorded_once() -> None:
    given(hold, placed).when(NoteAnswer("placed", 1, x.NOW)).then(there)
    given(hold, placed, there).when(NoteAnswer("placed", 1, x.NOW)).then()


@pytest.mark.parametrize("outcome", ["not-found", "not-supported", "account-erased", "a-word-of-tomorrow"])
def test_one_that_was_not_placed_is_not_in_force(outcome: str) -> None:
    refused = HoldConfirmed(HOLD, outcome, 0, x.NOW)
    given(hold, placed).when(NoteAnswer(outcome, 0, x.NOW)).then(refused)
    given(hold, placed, refused).when(release).refused(HoldNotInForce("refused"))


def test_it_is_released_once() -> None:
    given(hold, placed, there).when(release).then(released)
    given(hold, placed, there, released).when(release).refused(HoldNotInForce("ending"))
    given(hold, placed, there, released, gone).when(release).refused(HoldNotInForce("released"))


def test_it_can_be_released_before_it_is_answered() -> None:
    given(hold, placed).when(release).then(released)


def test_a_late_answer_does_not_bring_it_back() -> None:
    given(hold, placed, released).when(NoteAnswer("placed", 1, x.NOW)).then()
    given(hold, placed, released).when(NoteAnswer("released", 1, x.NOW)).then(gone)


def test_an_answer_to_nothing_is_nothing() -> None:
    given(hold).when(NoteAnswer("placed", 1, x.NOW)).then()


def test_what_the_person_may_not_know_is_told_to_nobody_else_either() -> None:
    said = translate(changed(placed, told=False), None)  # type: ignore[arg-type]  # the record is not looked at
    assert isinstance(said, Published) and said.basis == UNTOLD
    told = translate(placed, None)  # type: ignore[arg-type]  # as above
    assert isinstance(told, Published) and told.basis == BASIS and "4711" not in str(told)
