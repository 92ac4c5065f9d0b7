"""What the ledger of erasures gives back to a privacy that was restored from a backup."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from nexoraz.events.memory_bucket import MemoryBucket
from nexoraz.events.testing import given
from nexoraz.privacy.adapters.ledger import BucketLedger
from nexoraz.privacy.adapters.signatures import Ed25519Signer, NotGenuine, new_signing_jwk
from nexoraz.privacy.application.recollection import Remembered
from nexoraz.privacy.domain import commands as c
from nexoraz.privacy.domain import events as e
from nexoraz.privacy.domain.request import request
from nexoraz.privacy.domain.vocabulary import State
from services.privacy.tests import examples as x

ALL = tuple(sorted(x.FIVE))
unfinished = c.RecallErasure(x.REQUEST, x.ACCOUNT, x.NOW, "2025-10-15", ALL, 0, "", None, x.NOW)
finished = replace(unfinished, certificate_number=1, certificate_sha256=x.DIGEST, outcome=State.COMPLETED)
recalled = e.RequestRecalled(x.NOW)
all_asked = e.ErasureAsked(x.REQUEST, x.ACCOUNT, ALL, x.NOW)


def test_an_erasure_that_the_backup_does_not_know_is_asked_for_again() -> None:
    given(request).when(unfinished).then(x.received, recalled, x.started, x.others_asked)


def test_one_that_had_its_certificate_has_it_again() -> None:
    given(request).when(finished).then(x.received, recalled, x.started, all_asked, x.completed)


def test_one_that_ran_at_the_time_of_the_backup_goes_on() -> None:
    given(request, *x.RUNNING).when(unfinished).then()


def test_one_that_ran_and_was_certified_afterwards_is_completed() -> None:
    given(request, *x.RUNNING).when(finished).then(recalled, all_asked, x.completed)


def test_recalling_twice_changes_nothing() -> None:
    given(request, *x.RUNNING, x.completed).when(finished).then()


@pytest.fixture
def signer() -> Iterator[Ed25519Signer]:
    yield Ed25519Signer(new_signing_jwk())


ENTRY = Remembered(x.REQUEST, x.ACCOUNT, x.NOW, "2025-10-15", ALL, "hash")


def test_the_ledger_gives_back_what_it_was_told(signer: Ed25519Signer) -> None:
    ledger = BucketLedger(MemoryBucket(), lambda: [signer.public_jwk])
    ledger.keep(ENTRY, signer)
    ledger.keep(replace(ENTRY, account_id="somebody-else"), signer)
    assert list(ledger.all()) == [(ENTRY, None)]


def test_nobody_has_an_account_erased_by_writing_into_the_bucket(signer: Ed25519Signer) -> None:
    ledger = BucketLedger(MemoryBucket(), lambda: [signer.public_jwk])
    ledger.keep(ENTRY, Ed25519Signer(new_signing_jwk()))
    with pytest.raises(NotGenuine):
        list(ledger.all())
