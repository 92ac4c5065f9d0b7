"""A read model is rebuilt from nothing while writers go on, and brings no erased account back."""

import threading

import pytest
from sqlalchemy import Engine, Integer, MetaData, Table, Text, select
from sqlalchemy.dialects.postgresql import insert

from nexoraz.events.columns import operational, pseudonym
from nexoraz.events.event import Recorded, Stream
from nexoraz.events.projector import rebuild
from nexoraz.events.schema import KernelTables
from nexoraz.events.sql_store import SqlEventStore, connection_of
from nexoraz.events.store import Transaction
from nexoraz.events.testing.fakes import MemorySealer
from nexoraz.events.testing.store_contract import NOTES, note

pytestmark = pytest.mark.real

METADATA = MetaData()
TABLES = KernelTables(METADATA)
COUNTS = Table("note_counts", METADATA, pseudonym("account_id", Text, primary_key=True), operational("notes", Integer))


class NoteCounts:
    tables = (COUNTS,)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        row = insert(COUNTS).values(account_id=recorded.stream.account_id, notes=1)
        counted = row.on_conflict_do_update(index_elements=["account_id"], set_={"notes": COUNTS.c.notes + 1})
        connection_of(tx).execute(counted)


@pytest.fixture
def store(kernel_database: Engine) -> SqlEventStore:
    COUNTS.create(kernel_database)
    return SqlEventStore(kernel_database, TABLES, NOTES, MemorySealer(), inline=[NoteCounts()])


def counts(store: SqlEventStore) -> dict[str, int]:
    with store.engine.connect() as connection:
        return {row.account_id: row.notes for row in connection.execute(select(COUNTS))}


def write(store: SqlEventStore, account: str, count: int, first: int = 0) -> None:
    for version in range(first, first + count):
        with store.transaction() as tx:
            tx.append(Stream.of("note", account, account), version, [note("a")])


def test_a_rebuild_gives_what_was_there(store: SqlEventStore) -> None:
    write(store, "ann", 3)
    write(store, "bob", 2)
    with store.engine.begin() as connection:
        connection.execute(COUNTS.update().values(notes=99))
    assert rebuild(store, NoteCounts()) == 5
    assert counts(store) == {"ann": 3, "bob": 2}


def test_a_rebuild_while_writers_go_on_loses_and_doubles_nothing(store: SqlEventStore) -> None:
    write(store, "ann", 50)
    writers = [threading.Thread(target=write, args=(store, name, 150)) for name in ("bob", "cid", "dee")]
    for writer in writers:
        writer.start()
    for _ in range(3):
        rebuild(store, NoteCounts())
    for writer in writers:
        writer.join()
    assert counts(store) == {"ann": 50, "bob": 150, "cid": 150, "dee": 150}


def test_a_rebuild_brings_no_erased_account_back(store: SqlEventStore) -> None:
    write(store, "ann", 3)
    write(store, "bob", 2)
    with store.transaction() as tx:
        tx.tombstone("ann")
        connection_of(tx).execute(COUNTS.delete().where(COUNTS.c.account_id == "ann"))
    rebuild(store, NoteCounts())
    assert counts(store) == {"bob": 2}


def test_a_rebuild_keeps_the_rows_that_an_erasure_left(store: SqlEventStore) -> None:
    write(store, "ann", 3)
    write(store, "bob", 2)
    with store.transaction() as tx:
        tx.tombstone("ann")
        connection_of(tx).exec_driver_sql("DELETE FROM events WHERE account_id = 'ann'")
    for _ in range(2):
        rebuild(store, NoteCounts())
        assert counts(store) == {"ann": 3, "bob": 2}


def test_a_rebuild_can_be_repeated_after_it_died(store: SqlEventStore) -> None:
    write(store, "ann", 3)

    class Dies(NoteCounts):
        def apply(self, tx: Transaction, recorded: Recorded) -> None:
            super().apply(tx, recorded)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        rebuild(store, Dies())
    assert counts(store) == {"ann": 3}
    assert rebuild(store, NoteCounts()) == 3
    assert counts(store) == {"ann": 3}
