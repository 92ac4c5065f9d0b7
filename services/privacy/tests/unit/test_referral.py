"""A question is answered, a request is confirmed by its person or denied: done, refused, repeated."""

from datetime import timedelta

import pytest

from nexoraz.events.testing import given
from nexoraz.privacy.domain import referral as r
from services.privacy.tests import examples as x

DUE = x.NOW + timedelta(days=31)


def received(about: r.About) -> r.ReferralReceived:
    return r.ReferralReceived("r-1", r.Source.FORM, "", "", about, x.NOW, DUE)


ASKED, QUESTION = received(r.About.ERASURE), received(r.About.QUESTION)
CONFIRM, ANSWER = r.ConfirmReferral(x.REQUEST, x.NOW), r.AnswerReferral(x.NOW)


def test_what_comes_is_kept_open() -> None:
    command = r.ReceiveReferral("r-1", r.Source.FORM, "", "", r.About.ERASURE, x.NOW, DUE)
    given(r.referral).when(command).then(ASKED)


def test_a_request_is_confirmed_once_and_a_question_answered_once() -> None:
    confirmed, answered = r.ReferralConfirmed("r-1", x.REQUEST, x.NOW), r.ReferralAnswered("r-1", x.NOW)
    given(r.referral, ASKED).when(CONFIRM).then(confirmed)
    given(r.referral, ASKED, confirmed).when(CONFIRM).refused(r.ReferralSettled("confirmed"))
    given(r.referral, QUESTION).when(ANSWER).then(answered)
    given(r.referral, QUESTION, answered).when(ANSWER).refused(r.ReferralSettled("answered"))


def test_no_operator_confirms_by_answering_and_nobody_confirms_a_question() -> None:
    given(r.referral, ASKED).when(ANSWER).refused(r.NotThatKind("erasure"))
    given(r.referral, QUESTION).when(CONFIRM).refused(r.NotThatKind("question"))


def test_a_request_that_nobody_confirms_is_denied_and_a_question_stays_open() -> None:
    lapse = r.LapseReferral(DUE)
    given(r.referral, ASKED).when(lapse).then(r.ReferralDenied("r-1", DUE))
    given(r.referral, QUESTION).when(lapse).then()
    given(r.referral, ASKED, r.ReferralConfirmed("r-1", x.REQUEST, x.NOW)).when(lapse).then()


@pytest.mark.parametrize("command", [CONFIRM, ANSWER, r.RevokeReferral(x.NOW), r.LapseReferral(x.NOW)])
def test_nothing_happens_to_what_never_came(command: r.Command) -> None:
    given(r.referral).when(command).refused(r.ReferralUnknown())


def test_who_sent_it_takes_it_back_while_it_is_open() -> None:
    revoked = r.ReferralRevoked("r-1", x.NOW)
    given(r.referral, ASKED).when(r.RevokeReferral(x.NOW)).then(revoked)
    given(r.referral, ASKED, revoked).when(CONFIRM).refused(r.ReferralSettled("revoked"))
