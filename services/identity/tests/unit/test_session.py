"""Decisions about a session."""

from dataclasses import replace
from datetime import timedelta

from nexoraz.events.testing import given
from nexoraz.identity.domain.session import (
    REUSED,
    SESSION,
    SIGNED_OUT,
    RefreshRaced,
    RevokeSession,
    SessionAlreadyStarted,
    SessionEnded,
    SessionRefreshed,
    SessionRevoked,
    SessionUnknown,
)
from services.identity.tests.examples import (
    ANN,
    LAPTOP,
    NOW,
    laptop_started,
    refresh_laptop,
    start_on_laptop,
)

started = given(SESSION, laptop_started)
refreshed = given(SESSION, laptop_started, SessionRefreshed(LAPTOP, 1, "hash-1", NOW))
revoke = RevokeSession(LAPTOP, SIGNED_OUT, NOW)
revoked = started.after(revoke)


def test_a_session_starts_for_thirty_days() -> None:
    given(SESSION).when(start_on_laptop).then(laptop_started)


def test_a_session_id_is_used_once() -> None:
    started.when(start_on_laptop).refused(SessionAlreadyStarted())


def test_the_newest_refresh_token_is_exchanged_for_the_next() -> None:
    started.when(refresh_laptop).then(SessionRefreshed(LAPTOP, 1, "hash-1", NOW))


def test_an_old_refresh_token_ends_the_session() -> None:
    late = replace(refresh_laptop, now=NOW + timedelta(minutes=1))
    refreshed.when(late).then(SessionRevoked(LAPTOP, ANN, REUSED, NOW + timedelta(minutes=1)))


def test_two_tabs_that_refresh_at_once_do_not_end_the_session() -> None:
    a_moment_later = replace(refresh_laptop, now=NOW + timedelta(seconds=9))
    refreshed.when(a_moment_later).refused(RefreshRaced())


def test_a_much_older_token_ends_the_session_even_at_once() -> None:
    second = replace(refresh_laptop, generation=1, presented_hash="hash-1", next_hash="hash-2")
    refreshed.after(second).when(refresh_laptop).then(SessionRevoked(LAPTOP, ANN, REUSED, NOW))


def test_a_token_of_a_generation_to_come_is_unknown() -> None:
    started.when(replace(refresh_laptop, generation=1)).refused(SessionUnknown())


def test_a_token_that_does_not_match_its_generation_is_unknown() -> None:
    started.when(replace(refresh_laptop, presented_hash="other")).refused(SessionUnknown())


def test_a_session_that_never_was_is_not_refreshed() -> None:
    given(SESSION).when(refresh_laptop).refused(SessionUnknown())


def test_a_revoked_session_is_not_refreshed() -> None:
    revoked.when(refresh_laptop).refused(SessionEnded())


def test_an_expired_session_is_not_refreshed() -> None:
    started.when(replace(refresh_laptop, now=NOW + timedelta(days=30))).refused(SessionEnded())


def test_a_session_is_revoked() -> None:
    started.when(revoke).then(SessionRevoked(LAPTOP, ANN, SIGNED_OUT, NOW))


def test_revoking_twice_changes_nothing() -> None:
    revoked.when(revoke).then()


def test_a_session_that_never_was_is_not_revoked() -> None:
    given(SESSION).when(revoke).refused(SessionUnknown())
