"""Codes by mail, with every port in memory."""

import pytest

from nexoraz.events.store import AccountErased
from nexoraz.identity.application.access_codes import NarrowToken
from nexoraz.identity.application.throttling import TooManyAttempts
from nexoraz.identity.domain.access_code import CODE_ATTEMPTS, AccessCodeRefused, AccessCodeSent
from nexoraz.service.tokens import public_key, verify_token
from services.identity.tests.component.conftest import World
from services.identity.tests.examples import EMAIL

HERE = "198.51.100.7"


def code_of(world: World) -> str:
    return [facts["code"] for kind, facts in world.letters() if kind == "access-code"][-1]


def exchange(world: World, code: str, email: str = EMAIL) -> NarrowToken:
    return world.use.access_codes.exchange(email, code, HERE)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08}"


def test_the_code_of_the_mail_gives_a_narrow_token_with_a_fresh_authentication(member: World) -> None:
    member.use.access_codes.send(EMAIL.upper(), HERE)
    token = exchange(member, code_of(member))
    with member.store.transaction() as tx:
        keys = {k["kid"]: public_key(k) for k in member.use.signing.key_set(tx)}
    claims = verify_token(token.access_token, keys.get, member.clock()).claims
    assert (claims.scope, claims.roles, claims.authenticated_at) == ("requests", frozenset(), member.clock())


def test_an_operators_code_gives_no_role(member: World) -> None:
    member.use.operators.grant(EMAIL)
    test_the_code_of_the_mail_gives_a_narrow_token_with_a_fresh_authentication(member)


def test_the_code_is_eight_digits_and_only_its_keyed_hash_is_recorded(member: World) -> None:
    member.use.access_codes.send(EMAIL, HERE)
    code, event = code_of(member), member.events()[-1]
    assert len(code) == 8 and code.isdigit()
    assert isinstance(event, AccessCodeSent)
    assert code not in str(event)


@pytest.mark.parametrize("email", ["nobody@example.org", "unverified@example.org", "no address"])
def test_an_address_without_an_account_gets_no_mail_and_the_same_time(member: World, email: str) -> None:
    member.register("unverified@example.org")
    letters, waited = len(member.letters()), member.waited
    member.use.access_codes.send(email, HERE)
    assert len(member.letters()) == letters
    assert member.waited > waited
    with pytest.raises(AccessCodeRefused):
        exchange(member, "12345678", email)


def test_wrong_codes_are_counted_and_then_the_right_one_is_refused(member: World) -> None:
    member.use.access_codes.send(EMAIL, HERE)
    code = code_of(member)
    for _ in range(CODE_ATTEMPTS):
        waited = member.waited
        with pytest.raises(AccessCodeRefused):
            exchange(member, wrong(code))
        assert member.waited > waited
    with pytest.raises(AccessCodeRefused):
        exchange(member, code)


def test_a_used_and_an_expired_code_are_refused(member: World) -> None:
    member.use.access_codes.send(EMAIL, HERE)
    exchange(member, code_of(member))
    with pytest.raises(AccessCodeRefused):
        exchange(member, code_of(member))
    member.use.access_codes.send(EMAIL, HERE)
    member.clock.advance(minutes=15)
    with pytest.raises(AccessCodeRefused):
        exchange(member, code_of(member))


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.org"])
def test_who_asks_too_often_is_told_so_whether_the_address_is_known_or_not(member: World, email: str) -> None:
    for _ in range(3):
        member.use.access_codes.send(email, HERE)
    with pytest.raises(TooManyAttempts):
        member.use.access_codes.send(email, HERE)


def test_an_account_gets_so_many_codes_a_day_and_the_caller_does_not_learn_it(member: World) -> None:
    for _ in range(9):
        member.use.access_codes.send(EMAIL, HERE)
        member.clock.advance(minutes=31)
    assert [kind for kind, _ in member.letters()].count("access-code") == 6


def test_an_erased_account_is_as_good_as_none(member: World) -> None:
    member.use.access_codes.send(EMAIL, HERE)
    code, account_id = code_of(member), member.sign_in().account_id
    with member.store.transaction() as tx:
        tx.tombstone(account_id)
    member.use.access_codes.send(EMAIL, HERE)
    with pytest.raises(AccessCodeRefused) as refused:
        exchange(member, code)
    assert not isinstance(refused.value, AccountErased)
