"""Decisions about signing keys."""

from datetime import timedelta

import pytest

from nexoraz.events.testing import given
from nexoraz.identity.domain.signing_key import (
    SIGNING_KEYS,
    EnsureSigningKey,
    NoSigningKey,
    SigningKeyPublished,
)
from services.identity.tests.examples import NOW, ensure_first_key

first = SigningKeyPublished("kid-1", '{"kid":"kid-1"}', NOW, NOW + timedelta(days=90))
late = NOW + timedelta(days=83)
second = SigningKeyPublished("kid-2", "{}", late + timedelta(minutes=10), late + timedelta(days=90))


def test_the_first_key_signs_at_once() -> None:
    given(SIGNING_KEYS).when(ensure_first_key).then(first)


def test_a_key_that_is_good_for_long_is_kept() -> None:
    given(SIGNING_KEYS, first).when(EnsureSigningKey("kid-2", "{}", late - timedelta(seconds=1))).then()


def test_the_next_key_is_published_a_week_before_the_end_and_signs_once_it_has_spread() -> None:
    given(SIGNING_KEYS, first).when(EnsureSigningKey("kid-2", "{}", late)).then(second)


def test_the_old_key_signs_until_the_next_has_spread() -> None:
    keys = SIGNING_KEYS.fold([first, second])
    assert keys.signer(late).kid == "kid-1"
    assert keys.signer(late + timedelta(minutes=10)).kid == "kid-2"
    assert [k.kid for k in keys.verifiers(late)] == ["kid-1", "kid-2"]


def test_without_a_living_key_nothing_is_signed() -> None:
    with pytest.raises(NoSigningKey):
        SIGNING_KEYS.fold([first]).signer(NOW + timedelta(days=90))
