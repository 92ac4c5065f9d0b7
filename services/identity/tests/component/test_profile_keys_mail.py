"""The profile, the signing keys and the outgoing mail, with every port in memory."""

from dataclasses import dataclass

import pytest

from nexoraz.events.store import VersionConflict
from nexoraz.identity.application.farewell import Farewell
from nexoraz.identity.application.letter_kinds import KINDS
from nexoraz.identity.application.letters import ESSENTIAL, write
from nexoraz.identity.application.sending import REFUSED, SENT, TransportUnavailable
from nexoraz.identity.domain.account import AccountRenamed
from nexoraz.identity.domain.signing_key import SigningKeyPublished
from nexoraz.service.tokens import new_signing_key
from services.identity.tests.component.conftest import World
from services.identity.tests.examples import EMAIL, NOW


@dataclass(frozen=True)
class Due:
    key: str


def send_all(world: World) -> None:
    for mail_id in world.mails.due:
        world.use.sending.send(Due(mail_id))


def test_a_profile_shows_what_the_account_holds(member: World) -> None:
    account_id = member.sign_in().account_id
    with member.store.transaction() as tx:
        profile = member.use.profiles.find(tx, account_id)
    assert profile is not None
    assert (profile.email, profile.name, profile.country) == (EMAIL, "Ann", "DE")
    assert (profile.registered_at, profile.version) == (NOW, 3)


VERIFIED = 3
"""The version of an account's stream once its address is confirmed."""


def test_what_billing_tells_changes_the_profile_and_a_name_can_still_be_changed(member: World) -> None:
    account_id, standings = member.sign_in().account_id, member.ports.standings
    with member.store.transaction() as tx:
        standings.set_plan(tx, account_id, "basic")
    with member.store.transaction() as tx:
        standings.add_credits(tx, account_id, 40)
    with member.store.transaction() as tx:
        profile = member.use.profiles.find(tx, account_id)
        assert profile is not None
        assert (profile.plan, profile.credits, profile.version) == ("basic", 40, VERIFIED + 2)
        renamed = member.use.profiles.rename(tx, account_id, profile.version, "Anna")
    assert renamed is not None and renamed.version == VERIFIED + 3


def test_a_profile_of_nobody_is_nothing(world: World) -> None:
    with world.store.transaction() as tx:
        assert world.use.profiles.find(tx, "nobody") is None


def test_a_new_name_is_seen_at_once_and_changes_the_version(member: World) -> None:
    account_id = member.sign_in().account_id
    with member.store.transaction() as tx:
        profile = member.use.profiles.rename(tx, account_id, VERIFIED, "Anna")
    assert profile is not None and (profile.name, profile.version) == ("Anna", 4)
    assert isinstance(member.events()[-1], AccountRenamed)


def test_the_slower_of_two_changes_is_refused(member: World) -> None:
    account_id = member.sign_in().account_id
    with pytest.raises(VersionConflict), member.store.transaction() as slower:
        member.use.profiles.rename(slower, account_id, VERIFIED, "Slow")
        with member.store.transaction() as faster:
            member.use.profiles.rename(faster, account_id, VERIFIED, "Fast")


def test_a_signing_key_is_made_once(world: World) -> None:
    world.use.signing.ensure_key()
    assert len([r for r in world.store.committed() if isinstance(r.event, SigningKeyPublished)]) == 1


def test_a_key_that_is_about_to_end_is_followed_by_another(world: World) -> None:
    world.clock.advance(days=84)
    world.use.signing.ensure_key()
    with world.store.transaction() as tx:
        assert len(world.use.signing.key_set(tx)) == 2


def test_of_two_processes_that_make_a_key_at_once_one_does(world: World) -> None:
    world.clock.advance(days=84)
    made: list[int] = []

    def slow_key() -> dict[str, object]:
        made.append(1)
        if len(made) == 1:
            world.use.signing.ensure_key()
        return new_signing_key()

    world.use.signing.new_key, fast = slow_key, world.use.signing.new_key
    assert fast is new_signing_key
    world.use.signing.ensure_key()
    assert len([r for r in world.store.committed() if isinstance(r.event, SigningKeyPublished)]) == 2


def test_the_private_key_is_in_no_event(world: World) -> None:
    assert '"d"' not in repr(world.store.rows) and "\\x22d\\x22" not in repr(world.store.rows)


def test_a_mail_is_sent_with_its_id_and_deleted(world: World) -> None:
    world.register()
    [mail_id], token = world.mails.due, world.token()
    send_all(world)
    [(message_id, to, letter)] = world.transport.sent
    assert (message_id, to) == (mail_id, EMAIL)
    assert token in letter.text and token in letter.html
    assert world.mails.due == [] and world.mails.settled[0][1] == SENT


def test_a_mail_that_was_sent_is_not_sent_again(world: World) -> None:
    world.register()
    [mail_id] = world.mails.due
    for _ in range(2):
        world.use.sending.send(Due(mail_id))
    assert len(world.transport.sent) == 1


def test_a_mail_system_that_is_away_keeps_the_mail_waiting(world: World) -> None:
    world.register()
    world.transport.away = True
    with pytest.raises(TransportUnavailable):
        send_all(world)
    world.transport.away = False
    send_all(world)
    assert len(world.transport.sent) == 1


def test_an_address_that_is_refused_for_good_is_not_tried_again(world: World) -> None:
    world.register()
    world.transport.refuses.add(EMAIL)
    send_all(world)
    assert world.mails.due == [] and world.mails.settled[0][1] == REFUSED


@pytest.mark.parametrize("kind", KINDS)
def test_every_letter_says_that_it_is_essential_or_how_to_stop_it_and_escapes_what_it_quotes(kind: str) -> None:
    names = "token code asked why until request address what done at device place version summary unsubscribe"
    names += " answer referral about sender"
    facts = dict.fromkeys(names.split(), "<b>&")
    letter = write(kind, facts | {"url": "https://nexoraz.test/?a&b"})
    footer = ESSENTIAL if KINDS[kind].essential else "To stop it: "
    assert footer in letter.text and footer in letter.html
    assert "<b>&" not in letter.html
    assert "\n" not in letter.subject


class Beginnings:
    def erasure_began_at(self, _tx: object, _account_id: str) -> object:
        return NOW


def farewell(world: World) -> Farewell:
    return Farewell(world.store, Beginnings(), world.use.sending, world.clock)  # type: ignore[arg-type]


def test_the_last_mail_goes_out_while_the_address_can_still_be_read(member: World) -> None:
    account_id = member.sign_in().account_id
    for _ in range(2):
        farewell(member).say(account_id, "request-1")
    assert [(id_, to) for id_, to, _ in member.transport.sent] == [("erasure-request-1", EMAIL)] * 2


def test_once_the_keys_are_destroyed_there_is_no_one_to_write_to(member: World) -> None:
    account_id = member.sign_in().account_id
    member.sealer.destroy(account_id)
    farewell(member).say(account_id, "request-1")
    assert member.transport.sent == []


def test_an_erasure_waits_for_the_mail_system_but_not_for_ever(member: World) -> None:
    account_id = member.sign_in().account_id
    member.transport.away = True
    with pytest.raises(TransportUnavailable):
        farewell(member).say(account_id, "request-1")
    member.clock.advance(minutes=5)
    farewell(member).say(account_id, "request-1")
