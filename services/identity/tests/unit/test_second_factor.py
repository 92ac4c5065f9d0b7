"""Decisions about second factors."""

import pytest

from nexoraz.events.testing import given
from nexoraz.identity.domain.second_factor import (
    OFFER_LIFE,
    SECOND_FACTOR,
    AddSecondFactor,
    OfferSecondFactor,
    RecoveryCodeUsed,
    RemoveSecondFactor,
    SecondFactorAdded,
    SecondFactorAlreadyAdded,
    SecondFactorCodeRefused,
    SecondFactorCommand,
    SecondFactorOffered,
    SecondFactorRemoved,
    SecondFactorUnknown,
    SecondFactorUsed,
    UseRecoveryCode,
    UseSecondFactor,
)
from services.identity.tests.examples import ANN, NOW

offer = OfferSecondFactor(ANN, "f1", NOW)
offered = SecondFactorOffered(ANN, "f1", NOW)
add = AddSecondFactor(ANN, 7, ("one", "two"), NOW)
added = SecondFactorAdded(ANN, "f1", 7, ("one", "two"), NOW)
remove = RemoveSecondFactor(ANN, NOW)
removed = SecondFactorRemoved(ANN, "f1", NOW)


def test_an_offer_is_confirmed_in_time_and_the_newest_one_only() -> None:
    given(SECOND_FACTOR).when(offer).then(offered)
    given(SECOND_FACTOR, offered).when(add).then(added)
    newer = SecondFactorOffered(ANN, "f2", NOW)
    given(SECOND_FACTOR, offered, newer).when(add).then(SecondFactorAdded(ANN, "f2", 7, ("one", "two"), NOW))
    late = AddSecondFactor(ANN, 7, (), NOW + OFFER_LIFE)
    given(SECOND_FACTOR, offered).when(late).refused(SecondFactorUnknown())


def test_an_account_has_one() -> None:
    given(SECOND_FACTOR, offered, added).when(offer).refused(SecondFactorAlreadyAdded())
    given(SECOND_FACTOR, offered, added).when(add).refused(SecondFactorUnknown())
    given(SECOND_FACTOR, offered, added, removed).when(offer).then(offered)


@pytest.mark.parametrize(("step", "good"), [(6, False), (7, False), (8, True)])
def test_a_step_is_used_once_and_none_before_it_any_more(step: int, good: bool) -> None:
    when = given(SECOND_FACTOR, offered, added).when(UseSecondFactor(step, NOW))
    if good:
        when.then(SecondFactorUsed("f1", step, NOW))
    else:
        when.refused(SecondFactorCodeRefused())
    used = SecondFactorUsed("f1", 8, NOW)
    given(SECOND_FACTOR, offered, added, used).when(UseSecondFactor(8, NOW)).refused(SecondFactorCodeRefused())


def test_a_recovery_code_is_used_once() -> None:
    used = RecoveryCodeUsed("f1", "one", NOW)
    given(SECOND_FACTOR, offered, added).when(UseRecoveryCode("one", NOW)).then(used)
    given(SECOND_FACTOR, offered, added, used).when(UseRecoveryCode("two", NOW)).then(
        RecoveryCodeUsed("f1", "two", NOW)
    )
    for wrong in ("one", "three"):
        given(SECOND_FACTOR, offered, added, used).when(UseRecoveryCode(wrong, NOW)).refused(SecondFactorCodeRefused())


@pytest.mark.parametrize("command", [UseSecondFactor(9, NOW), UseRecoveryCode("one", NOW), remove])
def test_what_is_not_there_is_neither_used_nor_removed(command: SecondFactorCommand) -> None:
    for history in ((), (offered,), (offered, added, removed)):
        given(SECOND_FACTOR, *history).when(command).refused(SecondFactorUnknown())


def test_it_is_removed() -> None:
    given(SECOND_FACTOR, offered, added).when(remove).then(removed)
