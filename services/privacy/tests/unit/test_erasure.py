"""Erasure: who is asked when, what counts as done, and what never does."""

from dataclasses import replace

import msgspec

from nexoraz.events.testing import given
from nexoraz.privacy.domain import commands as c
from nexoraz.privacy.domain import events as e
from nexoraz.privacy.domain import refusals as r
from nexoraz.privacy.domain.request import request
from nexoraz.privacy.domain.vocabulary import Answer, RequestType, Scan, ScanLine, State
from services.privacy.tests import examples as x

RECEIVED = (x.received, x.verified, x.waived)


def test_everybody_but_identity_is_asked_first() -> None:
    given(request, *RECEIVED).when(x.run).then(x.started, x.others_asked)


def test_running_again_changes_nothing() -> None:
    given(request, *x.RUNNING).when(x.run).then()


def test_nothing_runs_within_the_grace_period() -> None:
    given(request, x.received, x.in_grace).when(x.run).refused(r.GraceNotOver(x.NOW + x.GRACE))


def test_an_erasure_runs_when_grace_is_over() -> None:
    at = x.NOW + x.GRACE
    started = msgspec.structs.replace(x.started, at=at)
    asked = msgspec.structs.replace(x.others_asked, at=at)
    given(request, x.received, x.in_grace).when(replace(x.run, at=at)).then(started, asked)


def test_required_and_announced_participants_are_both_waited_for() -> None:
    run = replace(x.run, announced=frozenset({"assets", "loyalty"}), required=frozenset({"assets", "billing"}))
    started = e.RequestStarted(("assets", "billing", "loyalty"), ("billing",), x.NOW)
    asked = e.ErasureAsked(x.REQUEST, x.ACCOUNT, ("assets", "billing", "loyalty"), x.NOW)
    given(request, *RECEIVED).when(run).then(started, asked)


def test_without_any_participant_nothing_runs() -> None:
    run = replace(x.run, announced=frozenset(), required=frozenset())
    given(request, *RECEIVED).when(run).refused(r.NoParticipants())


def test_identity_alone_is_asked_at_once() -> None:
    only = frozenset({"identity"})
    run = replace(x.run, announced=only, required=only)
    given(request, *RECEIVED).when(run).then(e.RequestStarted(("identity",), (), x.NOW), x.identity_asked)


def test_a_receipt_is_taken_while_others_are_missing() -> None:
    given(request, *x.RUNNING).when(x.take_receipt("assets")).then(x.receipt_taken("assets"))


def test_identity_is_asked_when_all_others_have_answered() -> None:
    before = (*x.RUNNING, *map(x.receipt_taken, x.OTHERS[:-1]))
    given(request, *before).when(x.take_receipt("render")).then(x.receipt_taken("render"), x.identity_asked)


def test_a_receipt_repeated_changes_nothing() -> None:
    given(request, *x.RUNNING, x.receipt_taken("assets")).when(x.take_receipt("assets")).then()


def test_a_receipt_of_somebody_who_was_not_named_changes_nothing() -> None:
    given(request, *x.RUNNING).when(x.take_receipt("stranger")).then()


def test_a_receipt_before_the_request_runs_changes_nothing() -> None:
    given(request, x.received, x.in_grace).when(x.take_receipt("assets")).then()


def test_a_receipt_for_an_access_request_changes_nothing() -> None:
    given(request, *x.COLLECTING).when(x.take_receipt("assets")).then()


def test_an_unverified_receipt_blocks() -> None:
    before = (*x.RUNNING, *map(x.receipt_taken, x.OTHERS[:-1]))
    given(request, *before).when(x.take_receipt("render", Answer.UNVERIFIED)).then(
        x.receipt_taken("render", Answer.UNVERIFIED)
    )


def test_an_answer_in_a_word_that_we_do_not_know_blocks() -> None:
    before = (*x.RUNNING, *map(x.receipt_taken, x.OTHERS[:-1]))
    given(request, *before).when(x.take_receipt("render", "fine")).then(x.receipt_taken("render", "fine"))


def test_a_later_receipt_replaces_an_unverified_one() -> None:
    before = (*x.RUNNING, *map(x.receipt_taken, x.OTHERS[:-1]), x.receipt_taken("render", Answer.UNVERIFIED))
    again = x.take_receipt("render", message="second")
    given(request, *before).when(again).then(x.receipt_taken("render", message="second"), x.identity_asked)


def test_the_scan_is_asked_of_everybody_after_the_last_receipt() -> None:
    given(request, *x.OTHERS_DONE).when(x.take_receipt("identity")).then(x.receipt_taken("identity"), x.scan_asked)


def test_a_scan_that_was_not_asked_for_proves_nothing() -> None:
    given(request, *x.OTHERS_DONE).when(x.take_scan("assets")).then()


def test_the_erasure_is_proven_with_the_last_clear_scan() -> None:
    before = (*x.SCANNING, *map(x.scan_taken, sorted(x.FIVE)[:-1]))
    given(request, *before).when(x.take_scan("render")).then(x.scan_taken("render"), x.proven)


def test_a_scan_repeated_changes_nothing() -> None:
    given(request, *x.SCANNING, x.scan_taken("assets")).when(x.take_scan("assets")).then()


def test_residue_blocks() -> None:
    before = (*x.SCANNING, *map(x.scan_taken, sorted(x.FIVE)[:-1]))
    given(request, *before).when(x.take_scan("render", residue=1)).then(x.scan_taken("render", residue=1))


def test_a_residue_line_blocks_although_the_total_says_zero() -> None:
    assert not Scan("assets", 0, (ScanLine("assets.rows", 1),)).clear
    assert Scan("assets", 0, (ScanLine("assets.rows", 1, retained=1),)).clear


def test_an_answer_that_its_own_lines_deny_does_not_count() -> None:
    said = x.receipt("assets")
    line = msgspec.structs.replace(said.lines[0], left=1)
    assert not msgspec.structs.replace(said, lines=(line,)).done


def test_a_new_receipt_after_the_scan_is_scanned_again() -> None:
    before = (*x.SCANNING, x.scan_taken("assets", residue=2))
    asked = e.ScanAsked(x.REQUEST, x.ACCOUNT, ("assets",), x.NOW)
    given(request, *before).when(x.take_receipt("assets", message="second")).then(
        x.receipt_taken("assets", message="second"), asked
    )


def test_a_new_unverified_receipt_takes_the_proof_back() -> None:
    doubted = x.take_receipt("assets", Answer.UNVERIFIED, message="second")
    certify = c.CertifyErasure(1, x.DIGEST, x.NOW)
    after = given(request, *x.PROVEN).after(doubted)
    after.when(certify).refused(r.NotProven("running", ("assets",)))


def test_a_proven_erasure_is_completed_by_its_certificate() -> None:
    given(request, *x.PROVEN).when(c.CertifyErasure(1, x.DIGEST, x.NOW)).then(x.completed)


def test_what_was_retained_is_said_in_the_outcome() -> None:
    kept = x.receipt_taken("billing", Answer.PARTIALLY_RETAINED, retained=2)
    history = [kept if event == x.receipt_taken("billing") else event for event in x.PROVEN]
    partial = e.RequestCompleted(x.REQUEST, RequestType.ERASURE, State.PARTIALLY_RETAINED, 1, x.DIGEST, x.NOW)
    given(request, *history).when(c.CertifyErasure(1, x.DIGEST, x.NOW)).then(partial)


def test_there_is_no_certificate_before_the_proof() -> None:
    missing = ("assets", "billing", "identity", "privacy", "render")
    given(request, *x.RUNNING).when(c.CertifyErasure(1, x.DIGEST, x.NOW)).refused(r.NotProven("running", missing))


def test_there_is_one_certificate() -> None:
    given(request, *x.PROVEN, x.completed).when(c.CertifyErasure(2, x.DIGEST, x.NOW)).then()


def test_answers_after_the_end_change_nothing() -> None:
    ended = given(request, *x.PROVEN, x.completed)
    ended.when(x.take_receipt("assets", Answer.UNVERIFIED, message="late")).then()
    ended.when(x.take_scan("assets", residue=1, message="late")).then()
