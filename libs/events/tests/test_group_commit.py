"""Appends of concurrent callers that share a commit: nobody pays for another's conflict, and no order is lost."""

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone

import psycopg
import pytest
from sqlalchemy import Engine, MetaData, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from nexoraz.events.append_function import APPEND_LOCK
from nexoraz.events.event import Stream
from nexoraz.events.schema import KernelTables
from nexoraz.events.sql_store import SqlEventStore, connection_of
from nexoraz.events.store import AccountErased, VersionConflict
from nexoraz.events.testing.fakes import MemorySealer
from nexoraz.events.testing.store_contract import NOTES, note

pytestmark = pytest.mark.real
TABLES = KernelTables(MetaData())


@pytest.fixture
def engine(kernel_database: Engine) -> Engine:
    return kernel_database


@pytest.fixture
def store(engine: Engine) -> SqlEventStore:
    return SqlEventStore(engine, TABLES, NOTES, MemorySealer())


def write(store: SqlEventStore, name: str, expected: int, *texts: str, account: str = "") -> None:
    with store.transaction() as tx:
        tx.append(Stream.of("note", name, account or f"account-{name}"), expected, [note(t) for t in texts])


@contextmanager
def held_up(engine: Engine) -> Iterator[None]:
    """Appends wait inside this block, so that those who come meanwhile form one group behind the first."""
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({APPEND_LOCK})")
        yield


class Callers:
    """Callers in threads of their own and what became of each."""

    def __init__(self, store: SqlEventStore) -> None:
        self._store = store
        self._threads: list[threading.Thread] = []
        self.outcomes: dict[str, str] = {}

    def start(self, who: str, work: Callable[[], None]) -> None:
        """Returns when the caller is in the queue of the group or, being the first, in the database."""

        def run() -> None:
            try:
                work()
            except Exception as error:
                self.outcomes[who] = type(error).__name__
            else:
                self.outcomes[who] = "stored"

        thread = threading.Thread(target=run)
        self._threads.append(thread)
        thread.start()
        time.sleep(0.05)

    def join(self) -> dict[str, str]:
        for thread in self._threads:
            thread.join()
        return self.outcomes


def stored(engine: Engine) -> list[tuple[str, int]]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT stream, version FROM events ORDER BY position")).all()
    return [(row.stream, row.version) for row in rows]


def commits(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(DISTINCT xmin::text) FROM events")).scalar_one())


def test_callers_who_wait_for_a_commit_share_the_next(store: SqlEventStore, engine: Engine) -> None:
    callers = Callers(store)
    with held_up(engine):
        for n in range(6):
            callers.start(f"{n}", lambda n=n: write(store, f"{n}", 0, "a"))  # type: ignore[misc]
    assert set(callers.join().values()) == {"stored"}
    assert [name for name, _ in stored(engine)] == [f"note-{n}" for n in range(6)]
    assert commits(engine) == 2


def test_a_conflict_and_a_tombstone_fail_their_own_caller_only(store: SqlEventStore, engine: Engine) -> None:
    write(store, "taken", 0, "a")
    with store.transaction() as tx:
        tx.tombstone("ann")
    callers = Callers(store)
    with held_up(engine):
        callers.start("first", lambda: write(store, "first", 0, "a"))
        callers.start("conflict", lambda: write(store, "taken", 0, "b"))
        callers.start("erased", lambda: write(store, "late", 0, "b", account="ann"))
        callers.start("neighbour", lambda: write(store, "neighbour", 0, "a"))
    outcomes = {"first": "stored", "conflict": "VersionConflict", "erased": "AccountErased", "neighbour": "stored"}
    assert callers.join() == outcomes
    assert stored(engine) == [("note-taken", 1), ("note-first", 1), ("note-neighbour", 1)]


def test_a_caller_of_several_events_stores_all_or_none_in_a_group_too(store: SqlEventStore, engine: Engine) -> None:
    write(store, "taken", 0, "a", "b")
    callers = Callers(store)
    with held_up(engine):
        callers.start("first", lambda: write(store, "first", 0, "a"))
        callers.start("partly", lambda: write(store, "taken", 1, "b", "c"))
        callers.start("several", lambda: write(store, "several", 0, "a", "b", "c"))
        callers.start("one", lambda: write(store, "one", 0, "a"))
    assert callers.join() == {"first": "stored", "partly": "VersionConflict", "several": "stored", "one": "stored"}
    assert [v for name, v in stored(engine) if name == "note-taken"] == [1, 2]
    assert [v for name, v in stored(engine) if name == "note-several"] == [1, 2, 3]


def test_of_callers_of_one_stream_in_the_queue_exactly_one_wins(store: SqlEventStore, engine: Engine) -> None:
    callers = Callers(store)
    with held_up(engine):
        callers.start("first", lambda: write(store, "first", 0, "a"))
        for n in range(4):
            callers.start(f"{n}", lambda: write(store, "same", 0, "a", "b"))
    callers.join()
    assert sorted(callers.outcomes.values()) == ["VersionConflict"] * 3 + ["stored"] * 2
    assert [v for name, v in stored(engine) if name == "note-same"] == [1, 2]


def test_what_the_database_cannot_store_fails_its_own_caller_only(store: SqlEventStore, engine: Engine) -> None:
    callers = Callers(store)
    with held_up(engine):
        callers.start("first", lambda: write(store, "first", 0, "a"))
        callers.start("zero byte", lambda: write(store, "bad\0name", 0, "a"))
        callers.start("neighbour", lambda: write(store, "neighbour", 0, "a"))
    assert callers.join() == {"first": "stored", "zero byte": "CharacterNotInRepertoire", "neighbour": "stored"}


def test_a_lost_connection_is_told_to_all_and_the_next_append_finds_another(
    store: SqlEventStore, engine: Engine
) -> None:
    callers = Callers(store)
    with held_up(engine):
        callers.start("first", lambda: write(store, "first", 0, "a"))
        callers.start("second", lambda: write(store, "second", 0, "a"))
        kill_waiting(engine)
    outcomes = callers.join()
    assert outcomes["first"] != "stored"
    assert outcomes["second"] == "stored"
    write(store, "first", 0, "a")


def kill_waiting(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND wait_event_type = 'Lock'"
        )


def test_an_append_alone_is_one_round_trip_and_leaves_nothing_open(store: SqlEventStore, engine: Engine) -> None:
    write(store, "one", 0, "a")
    with store.transaction() as tx:
        assert len(tx.read(Stream.of("note", "one", "account-one"))) == 1
        assert not tx.is_erased("account-one")
        assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    assert commits(engine) == 1


def test_a_statement_beside_the_append_commits_or_rolls_back_with_it(store: SqlEventStore, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE beside (n int)")
    write(store, "taken", 0, "a")
    for name, refused in (("taken", True), ("free", False)):
        with suppress(VersionConflict), store.transaction() as tx:
            connection_of(tx).exec_driver_sql("INSERT INTO beside VALUES (1)")
            tx.append(Stream.of("note", name, f"account-{name}"), 0, [note("b")])
        with engine.connect() as connection:
            count = connection.exec_driver_sql("SELECT count(*) FROM beside").scalar_one()
        assert count == (0 if refused else 1)


def test_a_reader_skips_nothing_while_groups_conflict_roll_back_and_are_killed(
    store: SqlEventStore, engine: Engine
) -> None:
    seen: list[int] = []
    done = threading.Event()
    outside = create_engine(engine.url, poolclass=NullPool)  # a killed connection may lie in the store's pool

    def work(n: int) -> None:
        version, chance = 0, random.Random(n)
        while version < 150:
            try:
                with store.transaction() as tx:
                    if chance.random() < 0.1:
                        connection_of(tx).exec_driver_sql("SELECT pg_sleep(0.001)")
                    expected = version - (chance.random() < 0.1 and version > 0)
                    many = [note("a")] * chance.randint(1, 3)
                    tx.append(Stream.of("note", f"{n}", f"account-{n}"), expected, many)
                    if chance.random() < 0.1:
                        raise ZeroDivisionError
                version = expected + len(many)
            except (VersionConflict, ZeroDivisionError):
                continue
            except (psycopg.Error, DBAPIError):  # killed: what was stored, the next read tells
                version = last_version(outside, n)

    def read() -> None:
        while True:
            finished = done.is_set()
            with outside.connect() as connection:
                query = text("SELECT position FROM events WHERE position > :after ORDER BY position LIMIT 40")
                found = connection.execute(query, {"after": seen[-1] if seen else 0}).scalars().all()
            seen.extend(found)
            if finished and not found:
                return

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=work, args=(n,)) for n in range(10)]
    for thread in (reader, *writers):
        thread.start()
    while any(writer.is_alive() for writer in writers):
        time.sleep(0.05)
        kill_waiting(outside)
    done.set()
    reader.join()
    assert len(seen) == len(stored(outside))
    for n in range(10):
        versions = [v for name, v in stored(outside) if name == f"note-{n}"]
        assert versions == list(range(1, len(versions) + 1))


def last_version(engine: Engine, n: int) -> int:
    with engine.connect() as connection:
        query = text("SELECT coalesce(max(version), 0) FROM events WHERE stream = :s")
        return int(connection.execute(query, {"s": f"note-{n}"}).scalar_one())


def test_an_account_that_is_erased_while_its_append_waits_is_refused(store: SqlEventStore, engine: Engine) -> None:
    callers = Callers(store)
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({APPEND_LOCK})")
        callers.start("late", lambda: write(store, "late", 0, "a", account="ann"))
        callers.start("later", lambda: write(store, "later", 0, "a", "b", account="ann"))
        callers.start("other", lambda: write(store, "other", 0, "a"))
        connection.exec_driver_sql("INSERT INTO erased_accounts (account_id, begun_at) VALUES ('ann', now())")
    refused = AccountErased.__name__
    assert callers.join() == {"late": refused, "later": refused, "other": "stored"}


def test_a_connection_that_died_while_idle_is_replaced_before_anything_is_sent(
    store: SqlEventStore, engine: Engine
) -> None:
    outside = create_engine(engine.url, poolclass=NullPool)
    write(store, "one", 0, "a")
    with outside.connect() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    write(store, "one", 1, "b")
    assert stored(outside) == [("note-one", 1), ("note-one", 2)]


def test_every_column_comes_back_as_it_was_appended_alone_and_in_a_group(engine: Engine) -> None:
    at = datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=timezone(timedelta(hours=-3)))
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    store = SqlEventStore(engine, TABLES, NOTES, MemorySealer(), clock=lambda: at, traceparent=lambda: trace)
    stream = Stream.of("note", "ü", "änn")
    write(store, "ü", 0, 'ß "quoted" \\ {1}', account="änn")
    write(store, "ü", 1, "b", 'ß "quoted" \\ {1}', account="änn")
    with store.transaction() as tx:
        found = tx.read(stream)
    assert [r.event.text for r in found] == ['ß "quoted" \\ {1}', "b", 'ß "quoted" \\ {1}']
    assert {(r.stream, r.occurred_at, r.traceparent) for r in found} == {(stream, at, trace)}
    assert len({r.id for r in found}) == 3


def test_a_caller_who_is_interrupted_in_the_queue_stops_nobody(store: SqlEventStore, engine: Engine) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    callers = Callers(store)
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with held_up(engine):
            callers.start("first", lambda: write(store, "first", 0, "a"))
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            with pytest.raises(KeyboardInterrupt):
                write(store, "interrupted", 0, "a")
            callers.start("next", lambda: write(store, "next", 0, "a"))
    finally:
        signal.signal(signal.SIGALRM, before)
    assert callers.join() == {"first": "stored", "next": "stored"}
    assert stored(engine) == [("note-first", 1), ("note-next", 1)]
