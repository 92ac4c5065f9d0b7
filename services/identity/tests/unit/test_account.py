"""Decisions about an account."""

from dataclasses import replace
from datetime import timedelta

from nexoraz.events.testing import given
from nexoraz.identity.domain.account import (
    ACCOUNT,
    AccountAlreadyVerified,
    AccountNotVerified,
    AccountRenamed,
    RenameAccount,
    VerificationFailed,
    VerificationGone,
    VerificationsExhausted,
    VerificationStarted,
)
from services.identity.tests.examples import (
    ANN,
    FIRST_TOKEN,
    NOW,
    SECOND_TOKEN,
    ann_registered,
    ann_verified,
    first_verification,
    register_ann,
    verify_ann,
)

registered = given(ACCOUNT, ann_registered, first_verification)
verified = given(ACCOUNT, ann_registered, first_verification, ann_verified)
again = replace(register_ann, verification_id=SECOND_TOKEN, secret_hash="hash-of-second-secret")


def test_a_new_address_is_registered_and_its_verification_starts() -> None:
    given(ACCOUNT).when(register_ann).then(ann_registered, first_verification)


def test_a_verified_address_is_not_registered_again() -> None:
    verified.when(again).refused(AccountAlreadyVerified())


def test_registering_an_unverified_address_again_starts_one_more_verification() -> None:
    registered.when(again).then(
        VerificationStarted(ANN, SECOND_TOKEN, "hash-of-second-secret", NOW + timedelta(hours=24))
    )


def test_only_three_unused_tokens_wait_for_one_address() -> None:
    third = replace(again, verification_id="third")
    registered.after(again, third).when(replace(again, verification_id="fourth")).refused(VerificationsExhausted(3))


def test_an_expired_token_makes_room_for_a_new_one() -> None:
    a_day_later = replace(again, verification_id="fourth", now=NOW + timedelta(hours=24))
    outcome = registered.after(again, replace(again, verification_id="third")).when(a_day_later)
    assert [type(event) for event in outcome.events] == [VerificationStarted]


def test_the_right_secret_verifies_the_account() -> None:
    registered.when(verify_ann).then(ann_verified)


def test_the_same_token_again_changes_nothing_while_it_lasts() -> None:
    verified.when(verify_ann).then()
    verified.when(replace(verify_ann, now=NOW + timedelta(hours=24))).refused(VerificationGone())


def test_a_wrong_secret_for_a_used_token_is_gone() -> None:
    verified.when(replace(verify_ann, secret_hash="wrong")).refused(VerificationGone())


def test_a_wrong_secret_is_counted_and_verifies_nothing() -> None:
    registered.when(replace(verify_ann, secret_hash="wrong")).then(VerificationFailed(ANN, FIRST_TOKEN))


def test_after_five_wrong_secrets_the_right_one_is_refused_too() -> None:
    wrong = replace(verify_ann, secret_hash="wrong")
    registered.after(*[wrong] * 5).when(verify_ann).refused(VerificationGone())


def test_a_token_expires_after_a_day() -> None:
    registered.when(replace(verify_ann, now=NOW + timedelta(hours=24))).refused(VerificationGone())


def test_an_unknown_token_is_gone_like_a_used_one() -> None:
    given(ACCOUNT).when(verify_ann).refused(VerificationGone())


def test_every_token_of_an_account_ends_when_one_is_used() -> None:
    second = replace(verify_ann, verification_id=SECOND_TOKEN, secret_hash="hash-of-second-secret")
    registered.after(again, verify_ann).when(second).refused(VerificationGone())


def test_a_verified_account_takes_a_new_name() -> None:
    verified.when(RenameAccount(ANN, "Anna")).then(AccountRenamed(ANN, "Anna"))


def test_a_name_can_be_removed() -> None:
    verified.when(RenameAccount(ANN, None)).then(AccountRenamed(ANN, None))


def test_an_unverified_account_is_not_renamed() -> None:
    registered.when(RenameAccount(ANN, "Anna")).refused(AccountNotVerified())


def test_the_same_name_again_changes_nothing() -> None:
    verified.when(RenameAccount(ANN, "Ann")).then()
