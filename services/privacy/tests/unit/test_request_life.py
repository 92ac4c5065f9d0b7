"""Asking, grace, withdrawal, denial: done, refused, repeated (raced is in the component tests)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from nexoraz.events.testing import given
from nexoraz.privacy.domain import commands as c
from nexoraz.privacy.domain import events as e
from nexoraz.privacy.domain import refusals as r
from nexoraz.privacy.domain.deadline import one_month_after
from nexoraz.privacy.domain.request import request
from nexoraz.privacy.domain.vocabulary import DenialReason, RequestType
from services.privacy.tests import examples as x


def test_an_immediate_erasure_waives_the_grace_period() -> None:
    given(request).when(x.ask_erasure).then(x.received, x.verified, x.waived)


def test_an_erasure_is_in_grace_unless_the_person_waives_it() -> None:
    given(request).when(replace(x.ask_erasure, immediate=False)).then(x.received, x.verified, x.in_grace)


def test_an_access_request_has_no_grace_period() -> None:
    asked = replace(x.ask_erasure, type=RequestType.ACCESS)
    given(request).when(asked).then(x.access_received, x.verified)


def test_a_sign_in_of_fifteen_minutes_ago_is_fresh() -> None:
    at = x.NOW - timedelta(minutes=15)
    asked = replace(x.ask_erasure, authenticated_at=at)
    given(request).when(asked).then(x.received, e.RequestVerified(at, x.NOW), x.waived)


def test_an_older_sign_in_is_refused() -> None:
    asked = replace(x.ask_erasure, authenticated_at=x.NOW - timedelta(minutes=15, seconds=1))
    given(request).when(asked).refused(r.SignInTooOld(max_age_seconds=900, age_seconds=901))


def test_nothing_is_asked_for_an_account_that_is_being_erased() -> None:
    asked = replace(x.ask_erasure, type=RequestType.ACCESS, being_erased_by="another")
    given(request).when(asked).refused(r.AccountBeingErased("another"))


def test_the_same_id_is_not_received_twice() -> None:
    given(request, x.received).when(x.ask_erasure).refused(r.RequestAlreadyExists(x.REQUEST))


def test_a_request_in_grace_is_withdrawn() -> None:
    given(request, x.received, x.verified, x.in_grace).when(c.WithdrawRequest(x.NOW)).then(x.withdrawn)


def test_a_withdrawal_repeated_changes_nothing() -> None:
    given(request, x.received, x.in_grace, x.withdrawn).when(c.WithdrawRequest(x.NOW)).then()


def test_a_running_request_is_not_withdrawn() -> None:
    given(request, *x.RUNNING).when(c.WithdrawRequest(x.NOW)).refused(r.NotInGrace("running"))


def test_a_completed_request_is_not_withdrawn() -> None:
    given(request, *x.PROVEN, x.completed).when(c.WithdrawRequest(x.NOW)).refused(r.NotInGrace("completed"))


def test_a_withdrawn_request_never_runs() -> None:
    late = replace(x.run, at=x.NOW + x.GRACE)
    given(request, x.received, x.in_grace, x.withdrawn).when(late).then()


def test_an_active_request_is_denied_with_its_reason() -> None:
    deny = c.DenyRequest(DenialReason.ACCOUNT_ERASED, x.NOW)
    denied = e.RequestDenied(x.REQUEST, RequestType.ACCESS, "account-erased", x.NOW)
    given(request, *x.COLLECTING).when(deny).then(denied)
    given(request, *x.COLLECTING, denied).when(deny).then()


def test_a_request_that_ended_is_not_denied() -> None:
    given(request, *x.DELIVERED).when(c.DenyRequest(DenialReason.ACCOUNT_ERASED, x.NOW)).then()


@pytest.mark.parametrize(
    "command",
    [
        c.WithdrawRequest(x.NOW),
        x.run,
        x.take_receipt("assets"),
        x.take_scan("assets"),
        x.take_part("assets"),
        c.CertifyErasure(1, x.DIGEST, x.NOW),
        c.DeliverArchive(x.archive, x.NOW),
        c.EraseArchive(x.NOW),
        c.DenyRequest(DenialReason.ACCOUNT_ERASED, x.NOW),
    ],
    ids=lambda command: type(command).__name__,
)
def test_a_request_that_was_never_received_is_unknown(command: c.Command) -> None:
    given(request).when(command).refused(r.RequestUnknown())


@pytest.mark.parametrize(
    ("received", "late"),
    [
        (datetime(2025, 11, 3, 10, tzinfo=UTC), datetime(2025, 12, 4, tzinfo=UTC)),
        (datetime(2025, 12, 15, 23, 59, tzinfo=UTC), datetime(2026, 1, 16, tzinfo=UTC)),
        (datetime(2026, 1, 31, 8, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)),
        (datetime(2028, 1, 31, 8, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC)),
        (datetime(2026, 8, 31, 0, 0, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)),
    ],
)
def test_the_deadline_is_the_end_of_the_same_day_of_the_next_month(received: datetime, late: datetime) -> None:
    assert one_month_after(received) == late
