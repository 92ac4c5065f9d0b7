"""Signing in, refreshing, signing out, with every port in memory."""

import pytest

from nexoraz.events.store import AccountErased
from nexoraz.identity.application.session_starts import Client
from nexoraz.identity.application.sign_in import RefreshRefused, SignInRefused
from nexoraz.identity.application.throttling import TooManyAttempts
from nexoraz.identity.domain.session import RefreshRaced, SessionRevoked, SessionStarted, SessionUnknown
from nexoraz.service.tokens import public_key, verify_token
from services.identity.tests.component.conftest import World
from services.identity.tests.examples import EMAIL, NOW, PASSWORD


def test_the_right_password_starts_a_session_and_gives_tokens(member: World) -> None:
    signed_in = member.sign_in()
    assert SessionStarted in map(type, member.events())
    with member.store.transaction() as tx:
        keys = {k["kid"]: public_key(k) for k in member.use.signing.key_set(tx)}
    claims = verify_token(signed_in.access_token, keys.get, NOW).claims
    assert (claims.account_id, claims.session_id) == (signed_in.account_id, signed_in.session_id)
    assert (claims.authenticated_at, claims.roles) == (NOW, frozenset())


def test_the_device_is_kept_without_the_raw_user_agent(member: World) -> None:
    account_id = member.sign_in().account_id
    [session] = member.use.session_ends.listed(account_id, None, 10)
    assert (session.device, session.network) == ("Firefox 128 on Linux", "198.51.100.0/24")


def test_unknown_address_wrong_password_and_unverified_account_are_refused_alike(member: World) -> None:
    member.register("unverified@example.org")
    for email, password in [
        ("nobody@example.org", PASSWORD),
        (EMAIL, "wrong"),
        ("unverified@example.org", PASSWORD),
        ("no address", PASSWORD),
    ]:
        work, waited = member.passwords.work, member.waited
        with pytest.raises(SignInRefused) as refused:
            member.sign_in(email, password)
        assert refused.value == SignInRefused()
        assert member.passwords.work == work + 1
        assert member.waited > waited


def test_an_erased_account_is_refused_like_an_unknown_one(member: World) -> None:
    account_id = member.sign_in().account_id
    with member.store.transaction() as tx:
        tx.tombstone(account_id)
    member.sealer.destroy(account_id)
    with pytest.raises(SignInRefused):
        member.sign_in()


def test_after_ten_wrong_passwords_even_the_right_one_has_to_wait(member: World) -> None:
    for _ in range(10):
        with pytest.raises(SignInRefused):
            member.sign_in(password="wrong")
    with pytest.raises(TooManyAttempts) as refused:
        member.sign_in()
    assert refused.value.retry_after == 900
    member.clock.advance(minutes=15)
    assert member.sign_in()


def test_a_stranger_who_tries_from_elsewhere_does_not_lock_the_owner_out(member: World) -> None:
    for _ in range(12):
        with pytest.raises((SignInRefused, TooManyAttempts)):
            member.use.sign_in.sign_in(EMAIL, "wrong", Client("203.0.113.9"))
    assert member.sign_in()


def test_many_addresses_that_try_one_account_are_stopped_together(member: World) -> None:
    for n in range(100):
        with pytest.raises(SignInRefused):
            member.use.sign_in.sign_in(EMAIL, "wrong", Client(f"203.0.113.{n}"))
    with pytest.raises(TooManyAttempts):
        member.use.sign_in.sign_in(EMAIL, "wrong", Client("203.0.113.200"))


def test_a_good_sign_in_forgets_the_bad_ones(member: World) -> None:
    for _ in range(9):
        with pytest.raises(SignInRefused):
            member.sign_in(password="wrong")
    member.sign_in()
    with pytest.raises(SignInRefused):
        member.sign_in(password="wrong")


def test_one_address_cannot_try_many_accounts(member: World) -> None:
    for n in range(100):
        with pytest.raises(SignInRefused):
            member.sign_in(f"a{n}@example.org")
    with pytest.raises(TooManyAttempts):
        member.sign_in()


def test_a_refresh_token_is_exchanged_and_the_session_goes_on(member: World) -> None:
    first = member.sign_in()
    member.clock.advance(minutes=9)
    second = member.use.sign_in.refresh(first.refresh_token, "198.51.100.7")
    assert second.session_id == first.session_id and second.refresh_token != first.refresh_token
    [session] = member.use.session_ends.listed(first.account_id, None, 10)
    assert session.last_used_at == member.clock()


def test_using_an_old_refresh_token_ends_the_session_for_both(member: World) -> None:
    first = member.sign_in()
    second = member.use.sign_in.refresh(first.refresh_token, "198.51.100.7")
    member.clock.advance(minutes=1)
    with pytest.raises(RefreshRefused):
        member.use.sign_in.refresh(first.refresh_token, "203.0.113.9")
    assert isinstance(member.events()[-1], SessionRevoked)
    with pytest.raises(RefreshRefused):
        member.use.sign_in.refresh(second.refresh_token, "198.51.100.7")


def test_two_tabs_that_refresh_at_once_are_told_so(member: World) -> None:
    first = member.sign_in()
    second = member.use.sign_in.refresh(first.refresh_token, "198.51.100.7")
    with pytest.raises(RefreshRaced):
        member.use.sign_in.refresh(first.refresh_token, "198.51.100.7")
    assert member.use.sign_in.refresh(second.refresh_token, "198.51.100.7")


@pytest.mark.parametrize("part", range(5))
def test_a_forged_refresh_token_is_refused_and_ends_nothing(member: World, part: int) -> None:
    signed_in = member.sign_in()
    pieces = signed_in.refresh_token.split(".")
    pieces[part] = pieces[part][:-1] + ("1" if pieces[part][-1] != "1" else "2")
    with pytest.raises(RefreshRefused):
        member.use.sign_in.refresh(".".join(pieces), "203.0.113.9")
    assert member.use.sign_in.refresh(signed_in.refresh_token, "198.51.100.7")


def test_a_session_is_revoked_once(member: World) -> None:
    signed_in = member.sign_in()
    for _ in range(2):
        member.use.session_ends.sign_out(signed_in.account_id, signed_in.session_id)
    assert sum(isinstance(e, SessionRevoked) for e in member.events()) == 1
    with pytest.raises(RefreshRefused):
        member.use.sign_in.refresh(signed_in.refresh_token, "198.51.100.7")


def test_another_persons_session_is_as_unknown_as_one_that_never_was(member: World) -> None:
    anns = member.sign_in()
    member.register("bob@example.org")
    member.verify()
    bob = member.sign_in("bob@example.org")
    for session_id in (anns.session_id, "0d4f2a4e-6c1b-4d8e-9a55-0000000000ff"):
        with pytest.raises(SessionUnknown):
            member.use.session_ends.sign_out(bob.account_id, session_id)
    assert len(member.use.session_ends.listed(anns.account_id, None, 10)) == 1


def test_signing_out_everywhere_ends_every_session_of_this_account_only(member: World) -> None:
    for _ in range(3):
        ann = member.sign_in()
    member.register("bob@example.org")
    member.verify()
    bob = member.sign_in("bob@example.org")
    member.use.session_ends.sign_out_everywhere(ann.account_id)
    assert member.use.session_ends.listed(ann.account_id, None, 10) == []
    assert len(member.use.session_ends.listed(bob.account_id, None, 10)) == 1


def test_nothing_is_recorded_for_an_erased_account(member: World) -> None:
    signed_in = member.sign_in()
    with member.store.transaction() as tx:
        tx.tombstone(signed_in.account_id)
    with pytest.raises(AccountErased):
        member.use.session_ends.sign_out(signed_in.account_id, signed_in.session_id)
    with pytest.raises(RefreshRefused):
        member.use.sign_in.refresh(signed_in.refresh_token, "198.51.100.7")
