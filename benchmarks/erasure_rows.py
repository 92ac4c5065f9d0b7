"""Erasure inside one service: its rows beside `effaced` and beside plain SQL, and what other accounts add to its cost.

The service is the notebook of the kernel's tests on the real tables of kernel and vault; its bucket is in memory.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from uuid import uuid4

from sqlalchemy import Engine, text

from benchmarks.effaced_peer import Effaced
from benchmarks.figures import Figure
from benchmarks.parts import Parts
from nexoraz.events.buckets import MemoryBucket
from nexoraz.events.holdings import NO_TIME_LIMIT
from nexoraz.events.kek import LocalKek
from nexoraz.events.protocol_contracts import ErasureRequested, ResidueScanRequested
from nexoraz.events.protocol_events import RowsErased, erasure_stream
from nexoraz.events.sql_store import connection_of
from nexoraz.events.testing.notebook import METADATA, Notebook
from nexoraz.events.vault import Vault
from nexoraz.events.vault_schema import migrate_vault

ROWS_EACH = 83
"""Notes, lines and events of a small account: about 250 rows."""
CROWD = """
INSERT INTO events (id, stream, version, type, account_id, occurred_at, data)
SELECT gen_random_uuid(), 'notes-' || a || '-' || v, v, 'note-added.v1', a, now(), '{"note_id":"n","text":"c2VhbGVk"}'
FROM unnest(CAST(:accounts AS text[])) AS a, generate_series(1, :each) AS v;
"""
CROWD_NOTES = """
INSERT INTO notes (id, account_id, title) SELECT a || '/' || v, a, '\\x00'
FROM unnest(CAST(:accounts AS text[])) AS a, generate_series(1, :each) AS v
"""
CROWD_LINES = """
INSERT INTO note_lines (note_id, account_id) SELECT a || '/' || v, a
FROM unnest(CAST(:accounts AS text[])) AS a, generate_series(1, :each) AS v
"""
CROWD_KEYS = """
INSERT INTO vault_accounts (account_id, state) SELECT a, 'open' FROM unnest(CAST(:accounts AS text[])) AS a
"""
FEW, MANY = 1_000, 100_000


@dataclass(frozen=True)
class Service:
    """The notebook on databases of its own."""

    notebook: Notebook
    vault: Engine

    @classmethod
    def on(cls, parts: Parts, keys: Path) -> "Service":
        engine, vault = parts.kernel_engine(), parts.plain_engine()
        METADATA.create_all(engine)
        kek = LocalKek(keys)
        migrate_vault(vault, kek)
        return cls(Notebook(engine, Vault(vault, kek), MemoryBucket()), vault)

    def account(self, rows_each: int = ROWS_EACH) -> str:
        """Somebody with so many notes, lines and events; all but one of each as rows alone."""
        account = str(uuid4())
        self.notebook.live(account, notes=1)
        self._rows([account], rows_each - 1)
        return account

    def crowd(self, accounts: int) -> None:
        """So many more accounts, with one note each, as rows alone."""
        names = [str(uuid4()) for _ in range(accounts)]
        self._rows(names, 1)
        with self.vault.begin() as connection:
            connection.execute(NO_TIME_LIMIT)
            connection.execute(text(CROWD_KEYS), {"accounts": names})
        with self.notebook.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("VACUUM ANALYZE"))
            connection.execute(text("RESET statement_timeout"))

    def _rows(self, accounts: list[str], each: int) -> None:
        with self.notebook.engine.begin() as connection:
            connection.execute(NO_TIME_LIMIT)
            for statement in (CROWD, CROWD_NOTES, CROWD_LINES):
                connection.execute(text(statement), {"accounts": accounts, "each": each})

    def erase_rows(self, account: str) -> None:
        """The rows and the record of how many went, in one transaction."""
        stream = erasure_stream(str(uuid4()))
        with self.notebook.store.transaction() as tx:
            gone = self.notebook.holdings.erase_rows(connection_of(tx), account)
            tx.append(stream, 0, [RowsErased("bench", gone)])

    def erase_by_sql(self, account: str) -> None:
        """What one writes by hand: one transaction, four statements, no record."""
        with self.notebook.engine.begin() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            for table in ("note_lines", "notes", "invoices", "events"):
                driver.execute(f"DELETE FROM {table} WHERE account_id = %s", (account,), prepare=True)

    def erase(self, account: str) -> None:
        """The whole part of a participant: begun, keys, rows, objects, bus, receipt, and the second look."""
        request = str(uuid4())
        self.notebook.receive(ErasureRequested(account, request, ["notebook"]))
        self.notebook.work()
        self.notebook.receive(ResidueScanRequested(account, request, ["notebook"]))
        self.notebook.work()


def each(count: int, made: Callable[[], str], work: Callable[[str], None]) -> float:
    """Median seconds of a work on things made before; the first is not counted."""
    names = [made() for _ in range(count + 1)]
    taken = []
    for name in names:
        started = time.perf_counter()
        work(name)
        taken.append(time.perf_counter() - started)
    return median(taken[1:])


def figures(parts: Parts) -> list[Figure]:
    service, peer = Service.on(parts, parts.folder / "keys"), Effaced(parts.plain_engine())
    rows, times = 3 * ROWS_EACH, parts.scale.people

    def person() -> str:
        name = str(uuid4())
        peer.fill(name, ROWS_EACH)
        return name

    ours = rows / each(times, service.account, service.erase_rows)
    theirs = rows / each(times, person, peer.erase)
    by_hand = rows / each(times, service.account, service.erase_by_sql)
    name = f"erasure of one service's {rows} rows of an account"
    found = [
        Figure(name, ours, "rows/s", "effaced", theirs, ">= 5.0"),
        Figure(name, ours, "rows/s", "one SQL transaction by hand", by_hand, ">= 0.6"),
    ]
    return found + _among_many(service, times) + _by_size(service, times)


def _among_many(service: Service, times: int) -> list[Figure]:
    service.crowd(FEW)
    few = each(times, service.account, service.erase) * 1000
    service.crowd(MANY - FEW)
    many = each(times, service.account, service.erase) * 1000
    name = f"erasure in one service, with its scan, among {MANY:,} accounts"
    return [Figure(name, many, "ms", f"among {FEW:,}", few, "<= 1.2")]


def _by_size(service: Service, times: int) -> list[Figure]:
    """One row of the account's own data may not cost more when there are many."""

    def taken(events: int) -> float:
        return each(max(2, times // 4), lambda: service.account(events), service.erase) * 1000

    one, hundred, many = taken(1), taken(100), taken(10_000)
    name = "erasure in one service"
    return [
        Figure(f"{name}, 100 events", hundred, "ms", "1 event", one, "<= 2.0"),
        Figure(f"{name}, 10,000 events, for each 100", many / 100, "ms", "100 events", hundred, "<= 1.0"),
    ]
