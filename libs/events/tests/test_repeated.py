"""Work that lost a race is done again from the start, and not for ever."""

import pytest

from nexoraz.events.decider import Decider
from nexoraz.events.memory import MemoryEventStore
from nexoraz.events.store import Transaction, VersionConflict, execute, repeated
from nexoraz.events.testing.fakes import MemorySealer
from nexoraz.events.testing.store_contract import NOTES, STREAM, NoteWritten, note


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


def test_a_command_made_up_on_an_older_version_is_refused_however_late_the_other_one_came(
    store: MemoryEventStore,
) -> None:
    decider: Decider[str, int, NoteWritten] = Decider(0, lambda text, _: [note(text)], lambda count, _: count + 1)
    with store.transaction() as tx:
        execute(tx, decider, STREAM, "a", expected=0)
    with pytest.raises(VersionConflict), store.transaction() as tx:
        execute(tx, decider, STREAM, "b", expected=0)
