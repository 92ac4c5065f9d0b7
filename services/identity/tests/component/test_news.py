"""News by mail: only with a yes, never after a stop, and the stop outlives the account (clause RT4)."""

import pytest

from nexoraz.identity.application.letters import ESSENTIAL, write
from nexoraz.identity.application.news import WELCOME, UnsubscribeLinkUnknown
from nexoraz.identity.application.policy_mails import POLICY_CHANGED, TELL_POLICY_CHANGE
from nexoraz.identity.application.sending import SUPPRESSED
from nexoraz.identity.domain.policy_mail import PolicyChangeMailed
from services.identity.tests.component.conftest import World
from services.identity.tests.examples import EMAIL, NOW


class Due:
    """The part of a task that matters to who sends."""

    def __init__(self, key: str) -> None:
        self.key = key


def send_all(world: World) -> None:
    for mail_id in world.mails.due:
        world.use.sending.send(Due(mail_id))


def say_yes(world: World, account_id: str) -> None:
    with world.store.transaction() as tx:
        world.use.news.welcome(tx, account_id)


def stop(world: World, token: str) -> None:
    with world.store.transaction() as tx:
        world.use.news.stop(tx, token)


def test_a_yes_is_answered_once_a_day_with_a_mail_that_can_be_stopped(member: World) -> None:
    account_id = member.sign_in().account_id
    send_all(member)
    say_yes(member, account_id)
    say_yes(member, account_id)
    send_all(member)
    say_yes(member, account_id)
    [letter] = [each for _, to, each in member.transport.sent if each.unsubscribe]
    assert letter.unsubscribe == f"https://nexoraz.test/v1/identity/unsubscribe/{member.use.news.token(EMAIL)}"
    assert letter.unsubscribe in letter.text
    assert EMAIL not in letter.text + letter.html
    assert ESSENTIAL not in letter.text


def test_after_a_stop_nothing_but_the_essential_is_sent_not_even_what_waits(member: World) -> None:
    account_id = member.sign_in().account_id
    say_yes(member, account_id)
    stop(member, member.use.news.token(EMAIL))
    send_all(member)
    assert [outcome for mail, outcome in member.mails.settled if mail.kind == WELCOME] == [SUPPRESSED]
    member.clock.advance(days=2)
    say_yes(member, account_id)
    assert WELCOME not in [kind for kind, _ in member.letters()]
    with member.store.transaction() as tx:
        member.mails.post(tx, account_id, "account-exists", EMAIL, {})
    send_all(member)
    assert member.transport.sent[-1][2].text.rstrip().endswith(ESSENTIAL)


def test_a_stop_outlives_the_account_and_holds_when_the_address_returns(member: World) -> None:
    token, first = member.use.news.token(EMAIL), member.sign_in().account_id
    with member.store.transaction() as tx:
        tx.tombstone(first)
    stop(member, token)
    with member.store.transaction() as tx:
        assert member.use.news.is_stopped(tx, EMAIL)
        assert not member.use.news.is_stopped(tx, "somebody.else@example.org")


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1] + "x", lambda t: t.replace(".", ""), lambda t: t[:0], lambda t: "." + t]
)
def test_a_link_that_is_not_ours_stops_nobody(member: World, change: object) -> None:
    assert callable(change)
    with pytest.raises(UnsubscribeLinkUnknown):
        stop(member, change(member.use.news.token(EMAIL)))


def test_nobody_is_welcomed_who_has_no_verified_account(world: World, member: World) -> None:
    say_yes(member, "5e1f2a9c-0000-4000-8000-00000000dead")
    assert WELCOME not in [kind for kind, _ in member.letters()]


def test_every_account_is_told_of_a_policy_change_once_and_that_is_its_history(member: World) -> None:
    account_id = member.sign_in().account_id
    send_all(member)
    sent = len(member.transport.sent)
    with member.store.transaction() as tx:
        member.use.policy_mails.begin(tx, "2027-01-01", "Everything is <better>.")
    member.queue.run({TELL_POLICY_CHANGE: member.use.policy_mails.tell})
    send_all(member)
    [(_, to, letter)] = member.transport.sent[sent:]
    assert (to, ESSENTIAL in letter.text, letter.unsubscribe) == (EMAIL, True, "")
    assert "Everything is &lt;better&gt;." in letter.html
    assert PolicyChangeMailed(account_id, "2027-01-01", NOW) in member.events()


def test_telling_goes_page_by_page_through_all_accounts(member: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nexoraz.identity.application.policy_mails.PAGE", 2)
    for n in range(4):
        member.register(f"person{n}@example.org")
        member.verify()
    with member.store.transaction() as tx:
        member.use.policy_mails.begin(tx, "2027-01-01", "New.")
    member.queue.run({TELL_POLICY_CHANGE: member.use.policy_mails.tell})
    assert [kind for kind, _ in member.letters()].count(POLICY_CHANGED) == 5


def test_an_essential_mail_says_so_and_any_other_names_its_link() -> None:
    assert ESSENTIAL in write("access-code", {"code": "12345678", "url": ""}).text
    with pytest.raises(KeyError):
        write(WELCOME, {"url": ""})
