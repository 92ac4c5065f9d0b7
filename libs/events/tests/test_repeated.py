"""Work that lost a race is done again from the start, and not for ever."""

import pytest

from nexoraz.events.memory import MemoryEventStore
from nexoraz.events.store import Transaction, VersionConflict, repeated
from nexoraz.events.testing.fakes import MemorySealer
from nexoraz.events.testing.store_contract import NOTES, STREAM, note


@pytest.fixture
def store() -> MemoryEventStore:
    return MemoryEventStore(NOTES, MemorySealer())


def test_work_that_lost_the_race_sees_what_the_winner_wrote(store: MemoryEventStore) -> None:
    seen: list[int] = []

    def work(tx: Transaction) -> str:
        seen.append(len(tx.read(STREAM)))
        if len(seen) == 1:
            with store.transaction() as faster:
                faster.append(STREAM, 0, [note("faster")])
        tx.append(STREAM, seen[-1], [note("slower")])
        return "done"

    assert repeated(store, work) == "done"
    assert seen == [0, 1]
    assert [r.event.text for r in store.committed()] == ["faster", "slower"]


def test_work_that_always_loses_says_so(store: MemoryEventStore) -> None:
    def work(tx: Transaction) -> None:
        tx.append(STREAM, 7, [note("x")])
        raise VersionConflict(STREAM.name, 7)

    with pytest.raises(VersionConflict):
        repeated(store, work, attempts=2)
    assert store.committed() == []
