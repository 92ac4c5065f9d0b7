"""Passkeys, with every port in memory and a software authenticator."""

from collections.abc import Callable
from typing import Any

import pytest

from nexoraz.identity.application.ports import CeremonyRefused
from nexoraz.identity.application.session_starts import Client
from nexoraz.identity.application.sign_in import SignInRefused
from nexoraz.identity.domain.passkey import PasskeyAlreadyAdded, PasskeyUnknown
from services.identity.tests.authenticator import PRESENT, Authenticator, encoded
from services.identity.tests.component.conftest import World

HERE = Client("198.51.100.7", "Firefox/128.0 (X11; Linux)")
ORIGIN, RP = "https://nexoraz.test", "nexoraz.test"


def device(**changes: Any) -> Authenticator:
    return Authenticator(**{"origin": ORIGIN, "rp_id": RP, **changes})


def with_passkey(world: World) -> tuple[str, Authenticator]:
    ann, phone = world.sign_in().account_id, device()
    world.use.passkeys.add(ann, "My phone", phone.create(world.use.passkeys.begin(ann)))
    return ann, phone


def sign_in(world: World, phone: Authenticator) -> str:
    return world.use.passkeys.sign_in(phone.get(world.use.passkeys.challenge(HERE)), HERE).account_id


def refused(world: World, response: dict[str, Any]) -> None:
    waited = world.waited
    with pytest.raises(SignInRefused):
        world.use.passkeys.sign_in(response, HERE)
    assert world.waited > waited


def test_a_passkey_is_made_told_listed_and_signs_in(member: World) -> None:
    ann, phone = with_passkey(member)
    assert [facts["done"] for kind, facts in member.letters() if kind == "credential-changed"] == ["added"]
    assert sign_in(member, phone) == sign_in(member, phone) == ann
    [passkey] = member.use.passkeys.listed(ann)
    assert (passkey.name, passkey.sign_count, passkey.last_used_at) == ("My phone", 2, member.clock())


def test_a_removed_passkey_signs_nobody_in_and_the_owner_is_told(member: World) -> None:
    ann, phone = with_passkey(member)
    with pytest.raises(PasskeyUnknown):
        member.use.passkeys.remove(ann, "another")
    member.use.passkeys.remove(ann, member.use.passkeys.listed(ann)[0].passkey_id)
    refused(member, phone.get(member.use.passkeys.challenge(HERE)))
    assert [facts["done"] for kind, facts in member.letters() if kind == "credential-changed"] == ["added", "removed"]


@pytest.mark.parametrize(
    "change",
    [{"origin": "https://nexoraz.test.evil.example"}, {"origin": "http://nexoraz.test"}, {"rp_id": "evil.example"},
     {"flags": PRESENT}, {"flags": 0x04}],
)  # fmt: skip
def test_another_origin_party_or_no_verified_user_is_refused(member: World, change: dict[str, Any]) -> None:
    ann, phone = with_passkey(member)
    with pytest.raises(CeremonyRefused):
        member.use.passkeys.add(ann, "Other", device(**change).create(member.use.passkeys.begin(ann)))
    for name, value in change.items():
        setattr(phone, name, value)
    refused(member, phone.get(member.use.passkeys.challenge(HERE)))


def test_a_response_works_once(member: World) -> None:
    ann, phone = with_passkey(member)
    response = phone.get(member.use.passkeys.challenge(HERE))
    member.use.passkeys.sign_in(response, HERE)
    refused(member, response)
    made = device().create(member.use.passkeys.begin(ann))
    member.use.passkeys.add(ann, "Tablet", made)
    with pytest.raises(CeremonyRefused):
        member.use.passkeys.add(ann, "Tablet", made)


def test_a_challenge_is_ours_fresh_and_of_its_purpose(member: World) -> None:
    ann, phone = with_passkey(member)
    refused(member, phone.get({"challenge": encoded(b"made up by somebody else")}))
    refused(member, phone.get(member.use.passkeys.begin(ann)))
    late = member.use.passkeys.challenge(HERE)
    member.clock.advance(minutes=10)
    refused(member, phone.get(late))


def test_a_challenge_of_one_account_makes_no_passkey_for_another(member: World) -> None:
    ann, _ = with_passkey(member)
    member.register("bob@example.org")
    member.verify()
    bob = member.sign_in("bob@example.org").account_id
    with pytest.raises(CeremonyRefused):
        member.use.passkeys.add(bob, "Phone", device().create(member.use.passkeys.begin(ann)))


def test_a_counter_that_does_not_grow_tells_of_a_copy(member: World) -> None:
    _, phone = with_passkey(member)
    sign_in(member, phone)
    sign_in(member, phone)
    phone.count = 1
    refused(member, phone.get(member.use.passkeys.challenge(HERE)))


def test_another_key_and_another_account_are_refused(member: World) -> None:
    _, phone = with_passkey(member)
    forged = device(credential_id=phone.credential_id, handle=phone.handle, count=9)
    refused(member, forged.get(member.use.passkeys.challenge(HERE)))
    phone.handle = encoded(b"nobody")
    refused(member, phone.get(member.use.passkeys.challenge(HERE)))


def _without(*path: str) -> Callable[[dict[str, Any]], None]:
    def spoil(response: dict[str, Any]) -> None:
        for name in path[:-1]:
            response = response[name]
        response[path[-1]] = "!"

    return spoil


@pytest.mark.parametrize("field", ["clientDataJSON", "authenticatorData", "signature", "userHandle"])
def test_what_is_no_encoding_is_refused(member: World, field: str) -> None:
    _, phone = with_passkey(member)
    response = phone.get(member.use.passkeys.challenge(HERE))
    _without("response", field)(response)
    refused(member, response)


def test_one_authenticator_has_one_passkey_of_an_account(member: World) -> None:
    ann, phone = with_passkey(member)
    options = member.use.passkeys.begin(ann)
    assert [each["id"] for each in options["excludeCredentials"]] == [encoded(phone.credential_id)]
    with pytest.raises(PasskeyAlreadyAdded):
        member.use.passkeys.add(ann, "Again", phone.create(options))


def test_a_passkey_of_an_erased_account_signs_nobody_in(member: World) -> None:
    ann, phone = with_passkey(member)
    with member.store.transaction() as tx:
        tx.tombstone(ann)
    member.sealer.destroy(ann)
    refused(member, phone.get(member.use.passkeys.challenge(HERE)))
