"""What was decided about a request reaches its person, in words, and nobody else."""

from dataclasses import replace
from uuid import uuid4

import pytest

from nexoraz.identity.application.letters import write
from nexoraz.identity.application.notices import KINDS, REASONS, TYPES, Notice, NoticeNotKnown
from services.identity.tests.component.conftest import World

MOMENT = "2026-02-04T00:00:00+00:00"
REQUEST = str(uuid4())


def notice(member: World, **changes: str) -> Notice:
    account_id = member.sign_in().account_id
    said = Notice(account_id, REQUEST, "access", "deadline-extended", "complexity", "2026-02-04T00:00:00+00:00")
    return replace(said, **changes)


def tell(world: World, said: Notice) -> None:
    with world.store.transaction() as tx:
        world.use.notices.tell(tx, said)


def test_more_time_is_told_with_its_reason_and_the_new_day(member: World) -> None:
    tell(member, notice(member))
    kind, facts = member.letters()[-1]
    letter = write(kind, {**facts, "url": "https://nexoraz.test"})
    for told in ("a copy of your data", "the request is complex", "04 February 2026", REQUEST):
        assert told in letter.text


@pytest.mark.parametrize("word", KINDS)
def test_every_notice_has_a_letter(member: World, word: str) -> None:
    for type_ in TYPES:
        for reason in ("", *REASONS):
            tell(member, notice(member, type=type_, notice=word, reason=reason))
    for kind, facts in member.letters():
        assert "$" not in write(kind, {**facts, "url": "https://nexoraz.test"}).text


@pytest.mark.parametrize("changes", [{"notice": "promoted"}, {"type": "wish"}, {"reason": "because"}])
def test_a_word_that_we_do_not_know_is_parked_and_not_mailed(member: World, changes: dict[str, str]) -> None:
    waiting = len(member.letters())
    with pytest.raises(NoticeNotKnown):
        tell(member, notice(member, **changes))
    assert len(member.letters()) == waiting


def test_nobody_is_told_of_an_account_that_is_erased_or_not_verified(member: World) -> None:
    said, waiting = notice(member), len(member.letters())
    tell(member, replace(said, account_id=str(uuid4())))
    with member.store.transaction() as tx:
        tx.tombstone(said.account_id)
    tell(member, said)
    assert len(member.letters()) == waiting


def tell_of_payment(world: World, account_id: str, word: str, until: str = MOMENT) -> None:
    with world.store.transaction() as tx:
        world.use.notices.tell_of_payment(tx, account_id, word, until)


@pytest.mark.parametrize(("word", "until"), [("overdue", MOMENT), ("grace", MOMENT), ("unpaid", "")])
def test_a_renewal_that_is_not_paid_is_told_by_mail(member: World, word: str, until: str) -> None:
    tell_of_payment(member, member.sign_in().account_id, word, until)
    kind, facts = member.letters()[-1]
    letter = write(kind, {**facts, "url": "https://nexoraz.test"})
    assert ("04 February 2026" in letter.text) == bool(until) and "$" not in letter.text


def test_payments_of_the_erased_and_words_without_a_letter_are_mailed_to_nobody(member: World) -> None:
    account_id = member.sign_in().account_id
    waiting = len(member.letters())
    with pytest.raises(NoticeNotKnown):
        tell_of_payment(member, account_id, "bankrupt")
    tell_of_payment(member, str(uuid4()), "grace")
    with member.store.transaction() as tx:
        tx.tombstone(account_id)
    tell_of_payment(member, account_id, "grace")
    assert len(member.letters()) == waiting
