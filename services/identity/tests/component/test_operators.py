"""The role of an operator, with every port in memory."""

import pytest

from nexoraz.identity.application.session_starts import SignedIn
from nexoraz.identity.application.sign_in import RefreshRefused
from nexoraz.identity.domain.email_address import EmailAddressInvalid
from nexoraz.identity.domain.operator import AddressNotInUse
from nexoraz.identity.domain.session import SessionRevoked
from nexoraz.service.tokens import public_key, verify_token
from services.identity.tests.component.conftest import World
from services.identity.tests.examples import EMAIL


def roles(world: World, signed_in: SignedIn) -> frozenset[str]:
    with world.store.transaction() as tx:
        keys = {k["kid"]: public_key(k) for k in world.use.signing.key_set(tx)}
    return verify_token(signed_in.access_token, keys.get, world.clock()).claims.roles


def test_the_tokens_of_an_operator_say_so_from_the_next_one_on(member: World) -> None:
    before = member.sign_in()
    member.use.operators.grant(EMAIL)
    assert roles(member, before) == frozenset()
    assert roles(member, member.use.sign_in.refresh(before.refresh_token, "198.51.100.7")) == {"operator"}
    assert roles(member, member.sign_in()) == {"operator"}


def test_a_revocation_ends_every_session_and_later_ones_are_a_persons(member: World) -> None:
    member.use.operators.grant(EMAIL)
    sessions = [member.sign_in(), member.sign_in()]
    member.use.operators.revoke(EMAIL)
    ended = {e.session_id: e.reason for e in member.events() if isinstance(e, SessionRevoked)}
    assert ended == {each.session_id: "operator-revoked" for each in sessions}
    with pytest.raises(RefreshRefused):
        member.use.sign_in.refresh(sessions[0].refresh_token, "198.51.100.7")
    assert roles(member, member.sign_in()) == frozenset()


def test_a_revocation_that_died_in_the_middle_is_finished_by_the_next(member: World) -> None:
    member.use.operators.grant(EMAIL)
    member.use.operators.revoke(EMAIL)
    member.sign_in()
    member.use.operators.revoke(EMAIL)
    assert isinstance(member.events()[-1], SessionRevoked)


@pytest.mark.parametrize("act", ["grant", "revoke"])
def test_only_an_account_with_a_verified_address_is_found(world: World, act: str) -> None:
    world.register()
    with pytest.raises(AddressNotInUse):
        getattr(world.use.operators, act)(EMAIL)
    with pytest.raises(EmailAddressInvalid):
        getattr(world.use.operators, act)("ann")


def test_everybody_with_the_role_is_listed_with_the_address(member: World) -> None:
    assert member.use.operators.all() == []
    account_id = member.use.operators.grant(EMAIL.upper())
    [known] = member.use.operators.all()
    assert (known.account_id, known.email, known.granted_at) == (account_id, EMAIL, member.clock())
