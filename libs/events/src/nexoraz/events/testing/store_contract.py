"""The contract of the event store. Every adapter passes it: subclass and provide the `store` fixture.

Subclass `StoreContract` in a test module and give it the fixtures `sealer` (a MemorySealer) and `store`.
"""

from typing import Annotated

import pytest

from nexoraz.events.classification import Id, Personal
from nexoraz.events.event import Event, Stream
from nexoraz.events.registry import ERASED, KeyDestroyed, Registry
from nexoraz.events.store import AccountErased, EventStore, VersionConflict
from nexoraz.events.testing.fakes import MemorySealer

Text = Annotated[str, Personal("user.content")]


class NoteWritten(Event, frozen=True):
    """An event with a personal field."""

    note_id: Id
    text: Text


NOTES = Registry.of([NoteWritten])
STREAM = Stream.of("note", "1", "ann")
OTHER = Stream.of("note", "2", "bob")


def note(text: str) -> NoteWritten:
    return NoteWritten("1", text)


class StoreContract:
    """What the port promises (store.py). The sealer of the store under test is a MemorySealer."""

    def texts(self, store: EventStore, stream: Stream = STREAM) -> list[str]:
        with store.transaction() as tx:
            return [r.event.text for r in tx.read(stream)]

    def write(self, store: EventStore, expected: int, *texts: str, stream: Stream = STREAM) -> None:
        with store.transaction() as tx:
            tx.append(stream, expected, [note(t) for t in texts])

    def test_what_was_appended_is_read_in_order(self, store: EventStore) -> None:
        self.write(store, 0, "a", "b")
        self.write(store, 2, "c")
        assert self.texts(store) == ["a", "b", "c"]

    def test_a_transaction_reads_its_own_appends(self, store: EventStore) -> None:
        with store.transaction() as tx:
            tx.append(STREAM, 0, [note("a")])
            assert [r.event.text for r in tx.read(STREAM)] == ["a"]
            tx.append(STREAM, 1, [note("b")])
        assert self.texts(store) == ["a", "b"]

    def test_reading_after_a_version_leaves_out_what_came_before(self, store: EventStore) -> None:
        self.write(store, 0, "a", "b", "c")
        with store.transaction() as tx:
            assert [r.version for r in tx.read(STREAM, after=2)] == [3]

    def test_a_taken_version_is_a_conflict_and_stores_nothing(self, store: EventStore) -> None:
        self.write(store, 0, "a")
        with pytest.raises(VersionConflict), store.transaction() as tx:
            tx.append(OTHER, 0, [note("x")])
            tx.append(STREAM, 0, [note("b")])
        assert self.texts(store) == ["a"]
        assert self.texts(store, OTHER) == []

    def test_an_exception_stores_nothing(self, store: EventStore) -> None:
        with pytest.raises(ZeroDivisionError), store.transaction() as tx:
            tx.append(STREAM, 0, [note("a")])
            raise ZeroDivisionError
        assert self.texts(store) == []

    def test_nothing_is_appended_for_an_account_after_its_tombstone(self, store: EventStore) -> None:
        self.write(store, 0, "a")
        with store.transaction() as tx:
            tx.tombstone("ann")
            tx.tombstone("ann")
            assert tx.is_erased("ann")
        with pytest.raises(AccountErased):
            self.write(store, 1, "b")
        self.write(store, 0, "x", stream=OTHER)
        assert self.texts(store) == ["a"]

    def test_a_tombstone_that_rolled_back_refuses_nothing(self, store: EventStore) -> None:
        with pytest.raises(ZeroDivisionError), store.transaction() as tx:
            tx.tombstone("ann")
            raise ZeroDivisionError
        self.write(store, 0, "a")

    def test_personal_fields_read_as_erased_once_the_key_is_destroyed(
        self, store: EventStore, sealer: MemorySealer
    ) -> None:
        self.write(store, 0, "a")
        self.write(store, 0, "x", stream=OTHER)
        sealer.destroy("ann")
        assert self.texts(store) == [ERASED]
        assert self.texts(store, OTHER) == ["x"]
        with pytest.raises(KeyDestroyed):
            self.write(store, 1, "b")

    def test_actions_run_after_the_commit_and_never_after_a_roll_back(self, store: EventStore) -> None:
        ran: list[str] = []
        with pytest.raises(ZeroDivisionError), store.transaction() as tx:
            tx.after_commit(lambda: ran.append("rolled back"))
            raise ZeroDivisionError
        with store.transaction() as tx:
            tx.after_commit(lambda: ran.append("committed"))
            assert ran == []
        assert ran == ["committed"]
