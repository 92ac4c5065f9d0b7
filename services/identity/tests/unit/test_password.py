"""Decisions about a password's replacement."""

from datetime import timedelta

from nexoraz.events.testing import given
from nexoraz.identity.domain.password import (
    BY_LINK,
    BY_PASSWORD,
    PASSWORD,
    PasswordReplaced,
    PasswordResetFailed,
    PasswordResetGone,
    PasswordResetsExhausted,
    PasswordResetStarted,
    ReplaceByLink,
    ReplaceByPassword,
    StartPasswordReset,
)
from services.identity.tests.examples import ANN, NOW

SOON = NOW + timedelta(minutes=30)
start = StartPasswordReset(ANN, "r1", "right", NOW)
started = PasswordResetStarted(ANN, "r1", "right", SOON, NOW)
use = ReplaceByLink(ANN, "r1", "right", NOW)
wrong = ReplaceByLink(ANN, "r1", "wrong", NOW)
replaced = PasswordReplaced(ANN, "r1", BY_LINK, NOW)
failed = PasswordResetFailed("r1")


def test_a_link_is_valid_for_half_an_hour() -> None:
    given(PASSWORD).when(start).then(started)
    given(PASSWORD, started).when(ReplaceByLink(ANN, "r1", "right", SOON)).refused(PasswordResetGone())


def test_the_right_link_replaces_the_password_once() -> None:
    given(PASSWORD, started).when(use).then(replaced)
    given(PASSWORD, started, replaced).when(use).refused(PasswordResetGone())


def test_a_wrong_link_is_counted_and_five_void_it() -> None:
    given(PASSWORD, started).when(wrong).then(failed)
    given(PASSWORD, started, *[failed] * 5).when(use).refused(PasswordResetGone())


def test_a_second_link_voids_the_first() -> None:
    second = PasswordResetStarted(ANN, "r2", "other", SOON, NOW)
    given(PASSWORD, started, second).when(use).refused(PasswordResetGone())


def test_a_password_replaced_in_between_voids_the_link() -> None:
    between = PasswordReplaced(ANN, "c1", BY_PASSWORD, NOW)
    given(PASSWORD, started, between).when(use).refused(PasswordResetGone())
    given(PASSWORD).when(ReplaceByPassword(ANN, "c1", NOW)).then(between)


def test_six_links_are_mailed_in_a_day() -> None:
    given(PASSWORD, *[started] * 6).when(start).refused(PasswordResetsExhausted())
    tomorrow = StartPasswordReset(ANN, "r1", "right", NOW + timedelta(days=1))
    given(PASSWORD, *[started] * 6).when(tomorrow).then(
        PasswordResetStarted(ANN, "r1", "right", SOON + timedelta(days=1), NOW + timedelta(days=1))
    )
