"""Two people in one event: there is no such event. What is sealed in one is sealed under one account's key.

An event belongs to the account of its stream, and goes with that account's keys. So it names no second account, but in
the events listed here: each says what a service or an operator did, holds nothing personal, and is kept as a proof.
"""

import pytest

from nexoraz.events.classification import Personal, Pseudonym
from tests.contract.suite import SERVICES, service

THINGS = {
    "access_id",
    "album_id",
    "batch_id",
    "cause",
    "change_id",
    "code_hash",
    "code_id",
    "credential_id",
    "customer",
    "device_hash",
    "factor_id",
    "foreign_id",
    "hold_id",
    "job_id",
    "kid",
    "look_id",
    "message_id",
    "new_hash",
    "old_hash",
    "output_id",
    "passkey_id",
    "payment_intent",
    "photo_id",
    "photo_ids",
    "purchase_id",
    "receipt_id",
    "record_id",
    "recovery_hash",
    "recovery_hashes",
    "referral_id",
    "refresh_hash",
    "refund",
    "refund_id",
    "request_id",
    "requests",
    "reset_id",
    "restore_id",
    "retry_id",
    "retry_of",
    "secret_hash",
    "session_id",
    "subject_hash",
    "subscription",
    "verification_id",
}
"""Pseudonyms of things, each of which has one owner: who is behind it is the account itself."""
OTHERS = {
    "operator-access": {"operator_id", "accounts"},
    "operator-looked": {"operator"},
    "restore-settled": {"erased_again"},
}
"""Events that name a person other than their account, by pseudonym only, and the fields that do."""


def people(name: str) -> dict[str, set[str]]:
    """By event, the fields that may name a person."""
    return {
        event.name: found
        for event in service(name).registry.types()
        if (found := {f for f, said in event.fields.items() if isinstance(said, Pseudonym)} - THINGS)
    }


@pytest.mark.parametrize("name", SERVICES)
def test_no_event_names_two_accounts_but_those_that_say_what_was_done(name: str) -> None:
    second = {event: fields - {"account_id"} for event, fields in people(name).items()}
    assert {event: fields for event, fields in second.items() if fields - OTHERS.get(event, set())} == {}


def test_an_event_that_names_others_holds_nothing_personal() -> None:
    seen = set()
    for name in SERVICES:
        for event in service(name).registry.types():
            if event.name in OTHERS:
                seen.add(event.name)
                assert not [said for said in event.fields.values() if isinstance(said, Personal)], event.name
    assert seen == set(OTHERS)


@pytest.mark.parametrize("name", SERVICES)
def test_no_message_between_services_names_two_accounts(name: str) -> None:
    for contract in service(name).contracts:
        named = [field for field in contract.__struct_fields__ if "account" in field or "operator" in field]
        assert named in ([], ["account_id"]), contract.__name__
