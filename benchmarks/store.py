"""The store: appends by one and many callers, replay, and what the vault costs."""

import threading
import time
from collections.abc import Callable
from typing import Annotated
from uuid import uuid4

import psycopg
from sqlalchemy import Engine, MetaData

from benchmarks.figures import Figure, in_turn
from benchmarks.parts import Parts
from benchmarks.peer import TEXT, Peer
from nexoraz.events.classification import Fact, Id, Personal
from nexoraz.events.decider import Decider
from nexoraz.events.event import Event, Stream
from nexoraz.events.kek import LocalKek
from nexoraz.events.registry import Registry, Sealer
from nexoraz.events.schema import KernelTables
from nexoraz.events.sql_store import SqlEventStore
from nexoraz.events.store import load
from nexoraz.events.vault import Vault
from nexoraz.events.vault_schema import migrate_vault
from nexoraz.service.database import make_engine

LONG = 1_000
TABLES = KernelTables(MetaData())
CREATE = "CREATE TABLE notes (id bigserial PRIMARY KEY, stream text, version int, body text, UNIQUE (stream, version))"
INSERT = f"INSERT INTO notes (stream, version, body) VALUES (gen_random_uuid()::text, 1, '{TEXT}');"


class NoteWritten(Event, frozen=True):
    """One personal field, as most events of the services have."""

    note_id: Id
    text: Annotated[str, Personal("user.content")]
    size: Fact[int]


REGISTRY = Registry.of([NoteWritten])
NOTE = NoteWritten("1", TEXT, len(TEXT))


def _latest(_state: str, event: Event) -> str:
    assert isinstance(event, NoteWritten)
    return event.text


NOTES: Decider[None, str, Event] = Decider(initial="", decide=lambda _command, _state: [], evolve=_latest)


class Unsealed:
    """What the store would be without a vault."""

    def seal(self, _account_id: str, _purpose: str, value: bytes, _context: str) -> bytes:
        return value

    def open(self, _account_id: str, _purpose: str, sealed: bytes, _context: str) -> bytes:
        return sealed


class Store:
    """The store as a service has it, in a database of its own."""

    def __init__(self, parts: Parts, sealer: Sealer | None = None) -> None:
        self.engine: Engine = parts.kernel_engine()
        self.store = SqlEventStore(self.engine, TABLES, REGISTRY, sealer or _vault(parts))

    def append(self, events: int = 1) -> Stream:
        """A new stream with that many events, in one transaction."""
        stream = Stream.of("note", uuid4().hex, f"account-{threading.get_ident() % 100}")
        with self.store.transaction() as tx:
            tx.append(stream, 0, [NOTE] * events)
        return stream

    def replay(self, stream: Stream) -> int:
        with self.store.transaction() as tx:
            state, version = load(tx, NOTES, stream)
        assert state == TEXT
        return version


def _vault(parts: Parts) -> Vault:
    engine, kek = make_engine(parts.database()), LocalKek(parts.folder / uuid4().hex)
    migrate_vault(engine, kek)
    return Vault(engine, kek)


def rate(work: Callable[[], object], callers: int, seconds: float, events: int = 1) -> float:
    """Events per second of callers in threads of this process."""
    counts = [0] * callers
    started = time.perf_counter()

    def call(number: int) -> None:
        while time.perf_counter() - started < seconds:
            work()
            counts[number] += events

    threads = [threading.Thread(target=call, args=(n,)) for n in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - started)


class Reader:
    """Follows the store by position, as the relay does, and counts what it sees."""

    def __init__(self, store: Store) -> None:
        self._engine = store.engine
        self._done = threading.Event()
        self._dsn = store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._seen = 0
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def skipped(self) -> int:
        """How many events the reader did not see although it read to the end."""
        self._done.set()
        self._thread.join()
        with self._engine.connect() as connection:
            stored: int = connection.exec_driver_sql("SELECT count(*) FROM events").scalar_one()
        return stored - self._seen

    def _follow(self) -> None:
        after = 0
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            while True:
                last_look = self._done.is_set()
                query = "SELECT position FROM events WHERE position > %s ORDER BY position LIMIT 1000"
                rows = connection.execute(query, (after,), prepare=True).fetchall()
                self._seen += len(rows)
                after = rows[-1][0] if rows else after
                if not rows and last_look:
                    return
                if not rows:
                    time.sleep(0.005)


def one_writer(parts: Parts) -> list[Figure]:
    ours, peer, plain = Store(parts), Peer(parts.database(), 2), parts.database()
    with psycopg.connect(plain) as connection:
        connection.execute(CREATE.encode())
    seconds = parts.scale.seconds
    found = in_turn(
        parts.scale.rounds,
        {
            "ours": lambda: rate(ours.append, 1, seconds),
            "peer": lambda: rate(peer.append, 1, seconds),
            "pgbench": lambda: parts.pgbench(plain, INSERT, 1, seconds),
            "tens": lambda: rate(lambda: ours.append(10), 1, seconds, 10),
            "peer's tens": lambda: rate(lambda: peer.append(10), 1, seconds, 10),
        },
    )
    peer.close()
    name, unit = "append, 1 event per transaction, 1 writer, one sealed field", "events/s"
    return [
        Figure(name, found["ours"], unit, "pgbench, the INSERT alone", found["pgbench"], ">= 0.45"),
        Figure(name, found["ours"], unit, "eventsourcing", found["peer"], ">= 5.0"),
        Figure("append in tens", found["tens"], unit, "eventsourcing", found["peer's tens"], ">= 9.0"),
    ]


def many_callers(parts: Parts) -> list[Figure]:
    ours, peer, seconds = Store(parts), Peer(parts.database(), 64), parts.scale.seconds
    reader = Reader(ours)
    found = in_turn(
        parts.scale.rounds,
        {
            "8": lambda: rate(ours.append, 8, seconds),
            "peer 8": lambda: rate(peer.append, 8, seconds),
            "64": lambda: rate(ours.append, 64, seconds),
            "peer 64": lambda: rate(peer.append, 64, seconds),
        },
    )
    skipped = reader.skipped()
    peer.close()
    reference = "eventsourcing"
    return [
        Figure("append, 8 callers, a reader beside them", found["8"], "events/s", reference, found["peer 8"], ">= 6.0"),
        Figure("append, 64 callers", found["64"], "events/s", reference, found["peer 64"], ">= 20.0"),
        Figure("events that the reader skipped", float(skipped), "events", "none may be", 1.0, "limit <= 0"),
    ]


def replay(parts: Parts) -> list[Figure]:
    ours, bare, peer = Store(parts), Store(parts, Unsealed()), Peer(parts.database(), 2)
    stream, unsealed, note = ours.append(LONG), bare.append(LONG), peer.append(LONG)
    seconds = parts.scale.seconds
    found = in_turn(
        parts.scale.rounds + 2,
        {
            "ours": lambda: rate(lambda: ours.replay(stream), 1, seconds, LONG),
            "bare": lambda: rate(lambda: bare.replay(unsealed), 1, seconds, LONG),
            "peer": lambda: rate(lambda: peer.replay(note), 1, seconds, LONG),
            "append": lambda: rate(ours.append, 1, seconds),
            "bare append": lambda: rate(bare.append, 1, seconds),
        },
    )
    peer.close()
    unit, reference = "events/s", "the same without the vault"
    name = f"replay of {LONG:,} events, one sealed field each"
    return [
        Figure(name, found["ours"], unit, "eventsourcing, not sealed", found["peer"], ">= 4.0"),
        Figure("cost of the vault on replay", found["ours"], unit, reference, found["bare"], ">= 0.9"),
        Figure("cost of the vault on append", found["append"], unit, reference, found["bare append"], ">= 0.9"),
    ]
