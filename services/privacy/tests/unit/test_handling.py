"""What operators decide: once, in time, told to the person, and never in the place of evidence."""

from dataclasses import replace
from datetime import timedelta

import pytest

from nexoraz.events.event import Event
from nexoraz.events.testing import given
from nexoraz.privacy.domain import commands as c
from nexoraz.privacy.domain import events as e
from nexoraz.privacy.domain import refusals as r
from nexoraz.privacy.domain.attention import concerns
from nexoraz.privacy.domain.request import request
from nexoraz.privacy.domain.vocabulary import Answer, Notice, RequestType, State
from services.privacy.tests import examples as x

ERASURE, ACCESS, CORRECTION = RequestType.ERASURE, RequestType.ACCESS, RequestType.CORRECTION


def test_a_deadline_is_extended_by_two_months_and_told() -> None:
    told = x.notice(ERASURE, Notice.DEADLINE_EXTENDED, "complexity", x.EXTENDED.isoformat())
    given(request, *x.RUNNING).when(x.extend).then(x.deadline_extended, told)


def test_a_deadline_is_extended_once() -> None:
    given(request, *x.RUNNING, x.deadline_extended).when(x.extend).refused(r.AlreadyExtended(x.EXTENDED))


def test_a_deadline_that_has_passed_is_not_extended() -> None:
    given(request, *x.RUNNING).when(replace(x.extend, at=x.DEADLINE)).refused(r.DeadlinePassed(x.DEADLINE))
    state = request.fold(x.RUNNING)
    assert request.decide(replace(x.extend, at=x.DEADLINE - timedelta(seconds=1)), state)


@pytest.mark.parametrize("command", [x.extend, x.refuse, x.answer, x.retry])
def test_nothing_is_decided_about_what_has_ended(command: c.Command) -> None:
    given(request, *x.DELIVERED).when(command).refused(r.RequestEnded(State.COMPLETED))
    given(request, x.received, x.verified, x.in_grace, x.withdrawn).when(command).refused(
        r.RequestEnded(State.WITHDRAWN)
    )


def test_an_export_and_an_erasure_in_grace_can_be_denied_and_the_person_is_told() -> None:
    for history, type_ in (((x.received, x.verified, x.in_grace), ERASURE), (x.COLLECTING, ACCESS)):
        denied = e.RequestDenied(x.REQUEST, type_, "excessive", x.NOW)
        given(request, *history).when(x.refuse).then(x.notice(type_, Notice.DENIED, "excessive"), denied)


@pytest.mark.parametrize("history", [x.RUNNING, x.OTHERS_DONE, x.SCANNING, x.PROVEN])
def test_an_erasure_that_has_begun_cannot_be_denied(history: tuple[Event, ...]) -> None:
    given(request, *history).when(x.refuse).refused(r.ErasureHasBegun(x.REQUEST))


@pytest.mark.parametrize(("history", "type_"), [(x.RUNNING, ERASURE), (x.PROVEN, ERASURE), (x.COLLECTED, ACCESS)])
def test_no_answer_ends_what_needs_evidence(history: tuple[Event, ...], type_: RequestType) -> None:
    given(request, *history).when(x.answer).refused(r.NotForOperators(type_))


def test_a_correction_waits_for_an_operator_and_is_ended_by_the_answer() -> None:
    state = request.fold(x.CORRECTING)
    assert [concern.reason for concern in concerns(state, x.NOW)] == ["awaits-decision"]
    ended = e.RequestCompleted(x.REQUEST, CORRECTION, State.COMPLETED, 0, "", x.NOW)
    given(request, *x.CORRECTING).when(x.answer).then(x.notice(CORRECTION, Notice.ANSWERED), ended)


def test_a_correction_asks_no_participant() -> None:
    asked = (x.correction_received, x.verified)
    given(request).when(x.ask_correction).then(*asked)
    given(request, *asked).when(x.run).then(x.started_alone)


def test_what_people_correct_by_themselves_is_pointed_at() -> None:
    offered = r.SelfServiceOffered("name", "/v1/identity/profile")
    given(request).when(replace(x.ask_correction, about="name")).refused(offered)


def test_an_objection_is_honoured_as_soon_as_it_is_made() -> None:
    received = e.RequestReceived(
        x.REQUEST, x.ACCOUNT, RequestType.OBJECTION, x.NOW, x.DEADLINE, "2025-10-15", "training"
    )
    given(request).when(x.ask_objection).then(received, x.verified)
    recorded = e.ObjectionRecorded(x.REQUEST, x.ACCOUNT, "training", x.NOW)
    ended = e.RequestCompleted(x.REQUEST, RequestType.OBJECTION, State.COMPLETED, 0, "", x.NOW)
    given(request, received, x.verified).when(x.run).then(x.started_alone, recorded, ended)


def test_who_is_silent_is_asked_again_and_nobody_before_the_turn() -> None:
    asked = e.ErasureAsked(x.REQUEST, x.ACCOUNT, x.OTHERS, x.NOW)
    given(request, *x.RUNNING).when(x.retry).then(asked)
    one = e.ErasureAsked(x.REQUEST, x.ACCOUNT, ("billing",), x.NOW)
    given(request, *x.RUNNING).when(c.RetryRequest("billing", x.NOW)).then(one)
    given(request, *x.RUNNING).when(c.RetryRequest("identity", x.NOW)).refused(r.NothingToRetry(x.OTHERS))


def test_who_could_not_verify_is_asked_again() -> None:
    unverified = x.receipt_taken("render", Answer.UNVERIFIED)
    history = (*x.RUNNING, *map(x.receipt_taken, ("assets", "billing", "privacy")), unverified)
    given(request, *history).when(x.retry).then(e.ErasureAsked(x.REQUEST, x.ACCOUNT, ("render",), x.NOW))


def test_a_silent_scan_is_asked_again_and_who_left_something_erases_again() -> None:
    scans = map(x.scan_taken, ("billing", "identity", "privacy"))
    history = (*x.SCANNING, *scans, x.scan_taken("assets", residue=2))
    given(request, *history).when(x.retry).then(
        e.ErasureAsked(x.REQUEST, x.ACCOUNT, ("assets",), x.NOW), e.ScanAsked(x.REQUEST, x.ACCOUNT, ("render",), x.NOW)
    )


def test_a_missing_part_is_asked_again_with_the_same_key() -> None:
    history = (*x.COLLECTING, *map(x.part_taken, x.OTHERS))
    asked = e.ExportAsked(x.REQUEST, x.ACCOUNT, x.PUBLIC_KEY, ("identity",), x.NOW)
    given(request, *history).when(x.retry).then(asked)


def test_nobody_is_asked_again_when_everybody_has_answered() -> None:
    given(request, *x.PROVEN).when(x.retry).refused(r.NothingToRetry(()))


@pytest.mark.parametrize(("before", "told"), [(8, []), (7, ["due-soon"]), (0, ["overdue"])])
def test_operators_are_told_a_week_before_a_deadline(before: int, told: list[str]) -> None:
    state = request.fold((x.received, x.verified, x.in_grace))
    assert [each.reason for each in concerns(state, x.DEADLINE - timedelta(days=before))] == told
