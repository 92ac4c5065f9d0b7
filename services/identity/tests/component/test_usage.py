"""Use is counted with a yes only; what is shown names nobody, hides small groups, and no erasure changes it."""

from uuid import uuid4

import pytest

from nexoraz.identity.application.usage import Feature, Total
from services.identity.tests.component.conftest import World
from services.identity.tests.examples import NOW


def use(world: World, account_id: str, *, signalled: bool = False) -> bool:
    with world.store.transaction() as tx:
        return world.use.usage.note(tx, account_id, Feature.SEARCH, signalled=signalled)


def decide(world: World, account_id: str, given: bool) -> None:
    with world.store.transaction() as tx:
        world.use.usage.decided(tx, account_id, given=given)


def shown(world: World) -> list[Total]:
    with world.store.transaction() as tx:
        return world.use.usage.totals(tx)


def people(world: World, count: int) -> list[str]:
    ids = [str(uuid4()) for _ in range(count)]
    for account_id in ids:
        decide(world, account_id, given=True)
        assert use(world, account_id)
    return ids


def test_nothing_is_counted_without_a_yes_after_a_no_or_against_the_browser(world: World) -> None:
    ann = str(uuid4())
    assert not use(world, ann)
    decide(world, ann, given=True)
    assert use(world, ann)
    assert not use(world, ann, signalled=True)
    decide(world, ann, given=False)
    assert not use(world, ann)
    assert sum(world.book.uses.values()) == 1


@pytest.mark.parametrize(("count", "seen"), [(9, []), (10, [Total(NOW.date(), "search", 10, 10)])])
def test_a_group_below_ten_is_not_shown(world: World, count: int, seen: list[Total]) -> None:
    people(world, count)
    assert shown(world) == seen


def test_one_person_more_is_not_seen_and_a_second_use_is_no_second_person(world: World) -> None:
    people(world, 10)
    before = shown(world)
    [eleventh] = people(world, 1)
    for _ in range(8):
        use(world, eleventh)
    assert shown(world) == before


def test_an_erasure_changes_no_total_and_the_erased_are_counted_no_more(world: World) -> None:
    first, *_ = people(world, 10)
    before = shown(world)
    with world.store.transaction() as tx:
        tx.tombstone(first)
    decide(world, first, given=True)
    assert not use(world, first)
    assert shown(world) == before != []
