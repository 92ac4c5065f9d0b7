"""What an operator is told about a running request, and when it goes away by itself."""

from datetime import timedelta

from nexoraz.privacy.domain.attention import SILENCE, concerns, waiting_for
from nexoraz.privacy.domain.events import RequestStarted
from nexoraz.privacy.domain.request import request
from nexoraz.privacy.domain.vocabulary import Answer, Concern
from services.privacy.tests import examples as x


def test_a_request_that_goes_well_raises_nothing() -> None:
    assert concerns(request.fold(x.RUNNING), x.NOW) == ()


def test_silence_is_noticed() -> None:
    state = request.fold((*x.RUNNING, x.receipt_taken("assets")))
    assert concerns(state, x.NOW + SILENCE) == (Concern("participant-silent", ("billing", "privacy", "render")),)


def test_silence_in_the_scan_is_noticed() -> None:
    state = request.fold((*x.SCANNING, *map(x.scan_taken, ("assets", "billing", "identity", "privacy"))))
    assert concerns(state, x.NOW + SILENCE) == (Concern("participant-silent", ("render",)),)


def test_silence_in_an_export_is_noticed() -> None:
    state = request.fold((*x.COLLECTING, *map(x.part_taken, ("assets", "billing", "identity", "privacy"))))
    assert concerns(state, x.NOW + SILENCE) == (Concern("participant-silent", ("render",)),)


def test_an_unverified_answer_is_told_until_a_better_one_comes() -> None:
    doubted = (*x.RUNNING, x.receipt_taken("assets", Answer.UNVERIFIED))
    assert concerns(request.fold(doubted), x.NOW) == (Concern("unverified", ("assets",)),)
    assert concerns(request.fold((*doubted, x.receipt_taken("assets", message="second"))), x.NOW) == ()


def test_residue_is_told() -> None:
    state = request.fold((*x.SCANNING, x.scan_taken("assets", residue=1)))
    assert concerns(state, x.NOW) == (Concern("residue-found", ("assets",)),)


def test_a_required_participant_that_never_announced_itself_is_told() -> None:
    unannounced = RequestStarted(tuple(sorted(x.FIVE)), ("billing",), x.NOW)
    history = (x.received, x.verified, x.waived, unannounced, x.others_asked)
    assert concerns(request.fold(history), x.NOW) == (Concern("participant-unannounced", ("billing",)),)
    assert concerns(request.fold((*history, x.receipt_taken("billing"))), x.NOW) == ()


def test_a_late_request_is_told() -> None:
    state = request.fold(x.PROVEN)
    assert Concern("overdue", ()) not in concerns(state, x.DEADLINE - timedelta(seconds=1))
    assert concerns(state, x.DEADLINE)[0] == Concern("overdue", ())


def test_a_request_that_ended_raises_nothing() -> None:
    assert concerns(request.fold((*x.PROVEN, x.completed)), x.DEADLINE) == ()


def test_who_is_waited_for_follows_the_waves() -> None:
    assert waiting_for(request.fold((x.received, x.in_grace))) == ()
    assert waiting_for(request.fold(x.RUNNING)) == x.OTHERS
    assert waiting_for(request.fold(x.OTHERS_DONE)) == ("identity",)
    assert waiting_for(request.fold(x.SCANNING)) == tuple(sorted(x.FIVE))
    assert waiting_for(request.fold(x.COLLECTING)) == tuple(sorted(x.FIVE))


def test_a_last_step_of_our_own_that_does_not_succeed_is_told() -> None:
    for history in (x.PROVEN, x.COLLECTED):
        state = request.fold(history)
        assert concerns(state, x.NOW) == ()
        assert concerns(state, x.NOW + SILENCE) == (Concern("unfinished", ()),)
    again = (*x.PROVEN, x.receipt_taken("assets", message="second"))
    assert Concern("unfinished", ()) not in concerns(request.fold(again), x.NOW + SILENCE)
