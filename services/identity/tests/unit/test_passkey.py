"""Decisions about passkeys."""

from dataclasses import replace
from datetime import timedelta

from nexoraz.events.testing import given
from nexoraz.identity.domain.passkey import (
    MOST,
    PASSKEYS,
    AddPasskey,
    PasskeyAdded,
    PasskeyAlreadyAdded,
    PasskeyRemoved,
    PasskeysExhausted,
    PasskeyUnknown,
    PasskeyUsed,
    RemovePasskey,
    UsePasskey,
)
from services.identity.tests.examples import ANN, NOW

add = AddPasskey(ANN, "p1", "credential", "key", "My phone", 0, NOW)
added = PasskeyAdded(ANN, "p1", "credential", "key", "My phone", 0, NOW)
removed = PasskeyRemoved(ANN, "p1", NOW)


def test_a_passkey_is_added_once() -> None:
    given(PASSKEYS).when(add).then(added)
    given(PASSKEYS, added).when(replace(add, passkey_id="p2")).refused(PasskeyAlreadyAdded())
    given(PASSKEYS, added, removed).when(add).then(added)


def test_an_account_has_twenty_at_most() -> None:
    many = [PasskeyAdded(ANN, f"p{n}", f"credential {n}", "key", "", 0, NOW) for n in range(MOST)]
    given(PASSKEYS, *many).when(add).refused(PasskeysExhausted(MOST))


def test_a_use_keeps_the_counter_and_the_time() -> None:
    later = NOW + timedelta(hours=1)
    used = PasskeyUsed("p1", 7, later)
    given(PASSKEYS, added).when(UsePasskey("p1", 7, later)).then(used)
    state = PASSKEYS.fold([added, used])["p1"]
    assert (state.sign_count, state.last_used_at) == (7, later)


def test_what_is_not_there_is_neither_used_nor_removed() -> None:
    given(PASSKEYS, added).when(RemovePasskey(ANN, "p1", NOW)).then(removed)
    for command in (UsePasskey("p1", 1, NOW), RemovePasskey(ANN, "p1", NOW)):
        given(PASSKEYS, added, removed).when(command).refused(PasskeyUnknown())
