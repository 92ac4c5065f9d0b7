"""Registering and verifying, with every port in memory."""

from datetime import date

import pytest

from nexoraz.events.store import VersionConflict
from nexoraz.identity.application.registration import Registering
from nexoraz.identity.application.throttling import TooManyAttempts
from nexoraz.identity.domain.account import (
    AccountRegistered,
    AccountVerified,
    VerificationFailed,
    VerificationGone,
    VerificationStarted,
)
from nexoraz.identity.domain.countries import BelowAgeOfConsent
from nexoraz.identity.domain.email_address import EmailAddressInvalid
from services.identity.tests.component.conftest import World
from services.identity.tests.examples import EMAIL, PASSWORD


def kinds(world: World) -> list[str]:
    return [kind for kind, _ in world.letters()]


def test_a_new_address_gets_a_token_by_mail(world: World) -> None:
    world.register()
    assert [type(e) for e in world.events()] == [AccountRegistered, VerificationStarted]
    assert kinds(world) == ["verify-address"]


def test_the_token_itself_is_in_no_event(world: World) -> None:
    world.register()
    secret = world.token().rpartition(".")[2]
    assert secret not in repr(world.store.rows)


def test_a_known_address_gets_a_mail_that_says_so_and_nothing_is_recorded(member: World) -> None:
    before = len(member.events())
    member.register(password="another password")
    assert len(member.events()) == before
    assert kinds(member)[-1] == "account-exists"


def test_a_known_address_is_told_at_most_three_times_a_day(member: World) -> None:
    for _ in range(5):
        member.register()
    assert kinds(member).count("account-exists") == 3


def test_both_paths_hash_one_password(member: World) -> None:
    before = member.passwords.work
    member.register()
    known = member.passwords.work - before
    member.register("new@example.org")
    assert known == member.passwords.work - before - known == 1


def test_below_the_age_of_consent_nothing_is_kept(world: World) -> None:
    asked = Registering(EMAIL, PASSWORD, None, "DE", date(2012, 1, 1))
    for _ in range(100):
        with pytest.raises(BelowAgeOfConsent):
            world.use.registration.check(asked, "198.51.100.7")
    assert world.events() == [] and world.passwords.work == 0
    world.register()  # not even the attempts were counted


def test_text_that_is_no_address_is_refused(world: World) -> None:
    with pytest.raises(EmailAddressInvalid):
        world.register("not an address")


def test_registrations_from_one_address_are_throttled(world: World) -> None:
    for n in range(60):
        world.register(f"ann{n}@example.org")
    with pytest.raises(TooManyAttempts) as refused:
        world.register("one-more@example.org")
    assert refused.value.retry_after == 3600


def test_two_registrations_of_one_address_make_one_account(world: World) -> None:
    slower = world.use.registration
    checked = slower.check(Registering(EMAIL, PASSWORD, None, "DE", date(1990, 1, 1)), "198.51.100.8")
    raced: list[int] = []

    def work_while_another_is_faster(tx: object) -> None:
        raced.append(len(raced))
        if len(raced) == 1:
            world.register()
            raise VersionConflict("accounts", 0)
        slower.register(tx, checked)  # type: ignore[arg-type]  # the transaction that unit_of_work gives

    slower.unit_of_work(work_while_another_is_faster)
    assert [type(e) for e in world.events()] == [AccountRegistered, VerificationStarted, VerificationStarted]


def test_the_mailed_token_verifies_the_account(world: World) -> None:
    world.register()
    assert world.verify()
    assert isinstance(world.events()[-1], AccountVerified)


def test_a_token_has_its_effect_once(world: World) -> None:
    world.register()
    token = world.token()
    assert world.verify(token) and world.verify(token)
    assert sum(isinstance(e, AccountVerified) for e in world.events()) == 1


def test_a_wrong_secret_is_counted_and_five_of_them_end_the_token(world: World) -> None:
    world.register()
    right = world.token()
    wrong = right[:-1] + ("A" if right[-1] != "A" else "B")
    assert [world.verify(wrong) for _ in range(5)] == [False] * 5
    assert sum(isinstance(e, VerificationFailed) for e in world.events()) == 5
    with pytest.raises(VerificationGone):
        world.verify(right)


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "0d4f2a4e-6c1b-4d8e-9a55-000000000001", "\x00" * 40])
def test_text_that_is_no_token_is_gone_like_a_used_one(world: World, text: str) -> None:
    with pytest.raises(VerificationGone):
        world.use.registration.unit_of_work(lambda tx: world.use.registration.verify(tx, text))


def test_a_token_of_an_account_that_does_not_exist_is_gone(world: World) -> None:
    world.register()
    account_id, rest = world.token().split(".", 1)
    with pytest.raises(VerificationGone):
        world.verify(f"{account_id[:-1]}{'0' if account_id[-1] != '0' else '1'}.{rest}")


def test_the_password_that_counts_is_the_one_of_the_used_token(world: World) -> None:
    world.register(password="the password of an impostor")
    impostors = world.token()
    world.register(password="the password of the owner")
    world.verify()
    assert world.sign_in(password="the password of the owner").account_id
    with pytest.raises(VerificationGone):
        world.verify(impostors)


def test_an_address_whose_erasure_began_can_be_registered_by_whoever_comes_next(member: World) -> None:
    [registered] = [e for e in member.events() if isinstance(e, AccountRegistered)]
    with member.store.transaction() as tx:
        tx.tombstone(registered.account_id)
        assert member.accounts.find(tx, EMAIL) is None
