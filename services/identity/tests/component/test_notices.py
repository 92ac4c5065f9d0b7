"""What was decided about a request reaches its person, in words, and nobody else."""

from dataclasses import replace
from uuid import uuid4

import pytest

from nexoraz.identity.application.letters import write
from nexoraz.identity.application.notices import KINDS, REASONS, TYPES, Notice, NoticeNotKnown
from services.identity.tests.component.conftest import World

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
