"""A new password, a new address, a new device, with every port in memory."""

import pytest

from nexoraz.identity.application.session_starts import Client
from nexoraz.identity.application.sign_in import RefreshRefused, SignInRefused
from nexoraz.identity.application.throttling import TooManyAttempts
from nexoraz.identity.domain.address_change import AddressChangeGone, AddressTaken
from nexoraz.identity.domain.password import PasswordResetGone
from services.identity.tests.component.conftest import World
from services.identity.tests.examples import EMAIL, PASSWORD

HERE, THERE = "198.51.100.7", "91.1.2.3"
ANOTHER = "another long password"
ELSEWHERE = "ann@example.net"


def mailed(world: World, kind: str) -> str:
    """The token of the newest mail of that kind."""
    return [facts["token"] for name, facts in world.letters() if name == kind][-1]


def alerts(world: World) -> list[str]:
    return [kind for kind, _ in world.letters() if kind in ("credential-changed", "new-device")]


def test_a_reset_replaces_the_password_ends_every_session_and_is_told(member: World) -> None:
    old = member.sign_in()
    member.use.password_changes.ask_reset(EMAIL, HERE)
    member.use.password_changes.reset(mailed(member, "reset-password"), ANOTHER, HERE)
    assert alerts(member) == ["credential-changed"]
    assert member.use.session_ends.listed(old.account_id, None, 10) == []
    with pytest.raises(RefreshRefused):
        member.use.sign_in.refresh(old.refresh_token, HERE)
    with pytest.raises(SignInRefused):
        member.sign_in()
    assert member.sign_in(password=ANOTHER)


def test_a_reset_link_works_once_and_a_wrong_one_never(member: World) -> None:
    member.use.password_changes.ask_reset(EMAIL, HERE)
    token = mailed(member, "reset-password")
    for wrong in ("no token", token[:-1] + ("a" if token[-1] != "a" else "b")):
        with pytest.raises(PasswordResetGone):
            member.use.password_changes.reset(wrong, ANOTHER, HERE)
    member.use.password_changes.reset(token, ANOTHER, HERE)
    with pytest.raises(PasswordResetGone):
        member.use.password_changes.reset(token, "yet another password", HERE)


def test_a_verification_token_resets_no_password(world: World) -> None:
    world.register()
    token = world.token()
    world.verify(token)
    with pytest.raises(PasswordResetGone):
        world.use.password_changes.reset(token, ANOTHER, HERE)


def test_a_verification_repeated_after_a_reset_changes_nothing(world: World) -> None:
    world.register()
    token = world.token()
    world.verify(token)
    world.use.password_changes.ask_reset(EMAIL, HERE)
    world.use.password_changes.reset(mailed(world, "reset-password"), ANOTHER, HERE)
    assert world.verify(token)
    assert world.sign_in(password=ANOTHER)


def test_asking_for_a_reset_looks_and_lasts_the_same_for_every_address(member: World) -> None:
    member.register("unverified@example.org")
    before = len(member.letters())
    for email in ("nobody@example.org", "unverified@example.org", "no address"):
        waited = member.waited
        member.use.password_changes.ask_reset(email, HERE)
        assert member.waited > waited
    assert len(member.letters()) == before
    member.use.password_changes.ask_reset(EMAIL, HERE)
    assert [kind for kind, _ in member.letters()][before:] == ["reset-password"]


def test_resets_are_limited_for_addresses_that_nobody_has_too(member: World) -> None:
    for email in (EMAIL, "nobody@example.org"):
        for _ in range(3):
            member.use.password_changes.ask_reset(email, HERE)
        with pytest.raises(TooManyAttempts):
            member.use.password_changes.ask_reset(email, HERE)


def test_a_password_is_changed_by_who_knows_it_and_only_this_session_stays(member: World) -> None:
    here, there = member.sign_in(), member.sign_in()
    change = member.use.password_changes.change
    assert not change(here.account_id, here.session_id, "wrong", ANOTHER)
    assert change(here.account_id, here.session_id, PASSWORD, ANOTHER)
    [left] = member.use.session_ends.listed(here.account_id, None, 10)
    assert str(left.id) == here.session_id != there.session_id
    assert alerts(member) == ["credential-changed"]
    assert member.sign_in(password=ANOTHER)


def test_guessing_the_password_in_a_stolen_session_is_throttled(member: World) -> None:
    here = member.sign_in()
    for _ in range(10):
        member.use.password_changes.change(here.account_id, here.session_id, "wrong", ANOTHER)
    with pytest.raises(TooManyAttempts):
        member.use.password_changes.change(here.account_id, here.session_id, PASSWORD, ANOTHER)


def test_a_new_address_counts_when_both_have_agreed_and_the_old_one_works_until_then(member: World) -> None:
    ann = member.sign_in().account_id
    member.use.address_changes.ask(ann, ELSEWHERE)
    old, new = mailed(member, "leave-address"), mailed(member, "confirm-new-address")
    assert not member.use.address_changes.confirm(new, HERE)
    assert not member.use.address_changes.confirm(new, HERE)
    assert member.sign_in()
    with pytest.raises(SignInRefused):
        member.sign_in(ELSEWHERE)
    assert member.use.address_changes.confirm(old, HERE)
    assert member.sign_in(ELSEWHERE).account_id == ann
    with pytest.raises(SignInRefused):
        member.sign_in()
    assert alerts(member) == ["credential-changed"]
    with member.store.transaction() as tx:
        waiting = [member.mails.waiting(tx, mail_id) for mail_id in member.mails.due]
    assert [mail.to for mail in waiting if mail and mail.kind == "credential-changed"] == [EMAIL]


def test_an_address_in_use_gets_no_mail_and_the_answer_is_the_same(member: World) -> None:
    member.register("bob@example.org")
    ann = member.sign_in().account_id
    before = len(member.letters())
    member.use.address_changes.ask(ann, "bob@example.org")
    assert [kind for kind, _ in member.letters()][before:] == ["leave-address"]


def test_an_address_that_was_taken_in_between_is_not_taken_twice(member: World) -> None:
    ann = member.sign_in().account_id
    member.use.address_changes.ask(ann, ELSEWHERE)
    old, new = mailed(member, "leave-address"), mailed(member, "confirm-new-address")
    member.use.address_changes.confirm(old, HERE)
    member.register(ELSEWHERE)
    with pytest.raises(AddressTaken):
        member.use.address_changes.confirm(new, HERE)
    assert member.sign_in().account_id == ann


def test_a_link_that_nobody_mailed_changes_no_address(member: World) -> None:
    ann = member.sign_in().account_id
    member.use.address_changes.ask(ann, ELSEWHERE)
    token = mailed(member, "confirm-new-address")
    for wrong in ("nothing", token[:-1] + ("a" if token[-1] != "a" else "b")):
        with pytest.raises(AddressChangeGone):
            member.use.address_changes.confirm(wrong, HERE)


def test_a_verification_is_mailed_again_to_who_waits_for_it_only(world: World) -> None:
    world.register()
    first = world.token()
    world.use.registration.send_again(EMAIL, ANOTHER, HERE)
    assert world.token() != first
    world.verify()
    assert world.sign_in(password=ANOTHER)
    before = len(world.letters())
    for email in (EMAIL, "nobody@example.org", "no address"):
        waited = world.waited
        world.use.registration.send_again(email, ANOTHER, HERE)
        assert world.waited > waited
    assert len(world.letters()) == before


def test_a_new_device_is_told_once_and_the_first_one_never(member: World) -> None:
    agents = ["Firefox/128.0 (X11; Linux)", "Firefox/129.0 (X11; Linux)", "Mozilla Windows Chrome/126.0"]
    for agent in [*agents, *agents]:
        member.use.sign_in.sign_in(EMAIL, PASSWORD, Client(HERE, agent))
    assert alerts(member) == ["new-device"]
    member.use.sign_in.sign_in(EMAIL, PASSWORD, Client(THERE, agents[0]))
    facts = [facts for kind, facts in member.letters() if kind == "new-device"][-1]
    assert (facts["device"], facts["place"]) == ("Firefox 128 on Linux", "DE")


def test_a_session_names_network_and_country_and_not_the_address(member: World) -> None:
    signed_in = member.use.sign_in.sign_in(EMAIL, PASSWORD, Client(THERE, "Firefox/128.0 (X11; Linux)"))
    [session] = member.use.session_ends.listed(signed_in.account_id, None, 10)
    assert (session.network, session.country) == ("91.1.2.0/24", "DE")
    assert not any(THERE in str(event) for event in member.events())


def test_a_password_that_was_replaced_during_a_sign_in_starts_no_session(member: World) -> None:
    account_id = member.sign_in().account_id
    member.use.password_changes.ask_reset(EMAIL, HERE)
    token, verify = mailed(member, "reset-password"), member.passwords.verify

    def slow(hashed: str | None, password: str) -> bool:
        found = verify(hashed, password)
        member.use.password_changes.reset(token, ANOTHER, HERE)
        return found

    member.passwords.verify = slow  # type: ignore[method-assign]  # the other one is faster here
    with pytest.raises(SignInRefused):
        member.sign_in()
    assert member.use.session_ends.listed(account_id, None, 10) == []


def test_the_history_tells_every_change_newest_first_and_page_by_page(member: World) -> None:
    ann = member.sign_in().account_id
    with member.store.transaction() as tx:
        member.use.profiles.rename(tx, ann, 3, "Anna")
    member.clock.advance(hours=1)
    member.use.password_changes.ask_reset(EMAIL, HERE)
    member.use.password_changes.reset(mailed(member, "reset-password"), ANOTHER, HERE)
    member.clock.advance(hours=1)
    member.use.address_changes.ask(ann, ELSEWHERE)
    for kind in ("leave-address", "confirm-new-address"):
        member.use.address_changes.confirm(mailed(member, kind), HERE)
    whole = member.use.history.of(ann, None, 10)
    assert {c.change for c in whole[:2]} == {"address-changed", "address-change-asked"}
    assert whole[2].change == "password-changed"
    assert {c.change for c in whole[3:]} == {"registered", "address-confirmed", "renamed"}
    assert {"name": "Anna"} in [c.values for c in whole]
    rest = member.use.history.of(ann, (whole[1].at, whole[1].id), 2)
    assert rest == whole[2:4]
    assert member.use.history.of("nobody", None, 10) == []


def test_the_history_of_an_erased_account_is_empty(member: World) -> None:
    ann = member.sign_in().account_id
    with member.store.transaction() as tx:
        tx.tombstone(ann)
    assert member.use.history.of(ann, None, 10) == []
