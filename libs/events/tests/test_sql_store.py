"""The event store on real PostgreSQL: the port's contract, and what only concurrency can break."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, MetaData, select, text

from nexoraz.events.append_function import APPEND_FUNCTION_V1, APPEND_LOCK
from nexoraz.events.event import Stream
from nexoraz.events.schema import KernelTables
from nexoraz.events.sql_store import SqlEventStore
from nexoraz.events.store import AccountErased, VersionConflict
from nexoraz.events.testing.fakes import MemorySealer
from nexoraz.events.testing.store_contract import NOTES, StoreContract, note

pytestmark = pytest.mark.real

METADATA = MetaData()
TABLES = KernelTables(METADATA)


@pytest.fixture
def engine(kernel_database: Engine) -> Engine:
    return kernel_database


@pytest.fixture
def sealer() -> MemorySealer:
    return MemorySealer()


@pytest.fixture
def store(engine: Engine, sealer: MemorySealer) -> SqlEventStore:
    return SqlEventStore(engine, TABLES, NOTES, sealer)


class TestSqlStore(StoreContract):
    pass


def test_the_lock_in_the_function_is_the_one_that_the_tombstone_takes() -> None:
    assert f"pg_advisory_xact_lock({APPEND_LOCK})" in APPEND_FUNCTION_V1


def test_personal_fields_are_sealed_in_the_table(store: SqlEventStore, engine: Engine) -> None:
    with store.transaction() as tx:
        tx.append(Stream.of("note", "1", "ann"), 0, [note("in plain sight")])
    with engine.connect() as connection:
        row = connection.execute(text("SELECT e::text FROM events e")).scalar_one()
    assert "plain sight" not in row


def _in_threads(count: int, work: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=work, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_reader_skips_no_event_of_concurrent_writers(store: SqlEventStore, engine: Engine) -> None:
    writers, each = 8, 150
    seen: list[int] = []
    done = threading.Event()

    def write(n: int) -> None:
        stream = Stream.of("note", str(n), f"account-{n}")
        for version in range(each):
            with store.transaction() as tx:
                if version % 3 == 0:  # statements before the append widen the window in which order could break
                    tx.connection.exec_driver_sql("SELECT pg_sleep(0.001)")
                tx.append(stream, version, [note("a")])

    def read() -> None:
        checkpoint = 0
        while len(seen) < writers * each:
            finished = done.is_set()
            with engine.connect() as connection:
                events = TABLES.events
                rows = connection.execute(
                    select(events.c.position)
                    .where(events.c.position > checkpoint)
                    .order_by(events.c.position)
                    .limit(50)
                )
                found = [row.position for row in rows]
            seen.extend(found)
            checkpoint = seen[-1] if seen else 0
            if finished and not found:
                return

    reader = threading.Thread(target=read)
    reader.start()
    _in_threads(writers, write)
    done.set()
    reader.join()
    assert len(seen) == writers * each, f"skipped {writers * each - len(seen)} events"


def test_of_two_writers_of_one_version_exactly_one_wins(store: SqlEventStore) -> None:
    outcomes: list[str] = []
    barrier = threading.Barrier(6)

    def write(_: int) -> None:
        with_conflict = "stored"
        try:
            with store.transaction() as tx:
                tx.append(Stream.of("note", "1", "ann"), 0, [note("a")])
                barrier.wait()
        except VersionConflict:
            with_conflict = "conflict"
        outcomes.append(with_conflict)

    _in_threads(6, write)
    assert sorted(outcomes) == ["conflict"] * 5 + ["stored"]


def test_an_append_that_waited_for_a_tombstone_sees_it(store: SqlEventStore) -> None:
    """The late event after erasure: its transaction began before the tombstone and commits after it."""
    staged, buried = threading.Event(), threading.Event()
    outcome: list[str] = []

    def late_writer() -> None:
        try:
            with store.transaction() as tx:
                tx.append(Stream.of("note", "1", "ann"), 0, [note("late")])
                staged.set()
                buried.wait(10)
        except AccountErased:
            outcome.append("refused")

    thread = threading.Thread(target=late_writer)
    thread.start()
    staged.wait(10)
    with store.transaction() as tx:
        tx.tombstone("ann")
    buried.set()
    thread.join()
    assert outcome == ["refused"]


def test_appends_racing_with_tombstones_never_come_after_them(store: SqlEventStore, engine: Engine) -> None:
    """Whatever the interleaving, no event of an account has a later commit than its tombstone."""

    def race(n: int) -> None:
        stream, version = Stream.of("note", str(n), f"account-{n}"), 0
        try:
            while version < 200:
                with store.transaction() as tx:
                    tx.append(stream, version, [note("a")])
                version += 1
        except AccountErased:
            return
        raise AssertionError("the tombstone was never seen")

    at_burial: dict[int, int] = {}

    def bury() -> None:
        for n in range(4):
            with store.transaction() as tx:
                tx.tombstone(f"account-{n}")
            at_burial[n] = _count(engine, f"account-{n}")

    burial = threading.Timer(0.05, bury)
    burial.start()
    _in_threads(4, race)
    burial.join()
    assert {n: _count(engine, f"account-{n}") for n in range(4)} == at_burial


def _count(engine: Engine, account_id: str) -> int:
    with engine.connect() as connection:
        found = connection.execute(text("SELECT count(*) FROM events WHERE account_id = :a"), {"a": account_id})
        return int(found.scalar_one())
