"""Decisions about a code by mail."""

from datetime import timedelta

import pytest

from nexoraz.events.testing import given
from nexoraz.identity.domain.access_code import (
    ACCESS_CODES,
    CODE_ATTEMPTS,
    CODE_LIFE,
    CODES_IN_A_DAY,
    AccessCodeEvent,
    AccessCodeFailed,
    AccessCodeRefused,
    AccessCodeSent,
    AccessCodesExhausted,
    AccessCodeUsed,
    SendAccessCode,
    UseAccessCode,
)
from services.identity.tests.examples import ANN, NOW

send = SendAccessCode(ANN, "code-1", "hash-1", NOW)
sent = AccessCodeSent(ANN, "code-1", "hash-1", NOW + CODE_LIFE, NOW)
failed, used = AccessCodeFailed("code-1"), AccessCodeUsed("code-1", NOW)
right, wrong = UseAccessCode("hash-1", NOW), UseAccessCode("hash-2", NOW)


def test_a_code_is_used_once() -> None:
    given(ACCESS_CODES).when(send).then(sent)
    given(ACCESS_CODES, sent).when(right).then(used)
    given(ACCESS_CODES, sent, used).when(right).refused(AccessCodeRefused())


def test_a_code_is_tried_five_times_and_then_the_right_one_is_refused_too() -> None:
    tried: list[AccessCodeEvent] = [sent, *[failed] * (CODE_ATTEMPTS - 1)]
    given(ACCESS_CODES, *tried).when(wrong).then(failed)
    given(ACCESS_CODES, *tried).when(right).then(used)
    given(ACCESS_CODES, *tried, failed).when(right).refused(AccessCodeRefused())


def test_a_code_expires() -> None:
    given(ACCESS_CODES, sent).when(UseAccessCode("hash-1", NOW + CODE_LIFE)).refused(AccessCodeRefused())


@pytest.mark.parametrize("presented", ["", "hash-1"])
def test_without_a_code_nothing_is_right(presented: str) -> None:
    given(ACCESS_CODES).when(UseAccessCode(presented, NOW)).refused(AccessCodeRefused())


def test_a_second_code_voids_the_first() -> None:
    second = AccessCodeSent(ANN, "code-2", "hash-2", NOW + CODE_LIFE, NOW)
    given(ACCESS_CODES, sent, second).when(right).then(AccessCodeFailed("code-2"))


def test_so_many_codes_are_sent_in_a_day() -> None:
    many = [sent] * CODES_IN_A_DAY
    given(ACCESS_CODES, *many).when(send).refused(AccessCodesExhausted())
    tomorrow = SendAccessCode(ANN, "code-1", "hash-1", NOW + timedelta(days=1))
    assert ACCESS_CODES.decide(tomorrow, ACCESS_CODES.fold(many))
