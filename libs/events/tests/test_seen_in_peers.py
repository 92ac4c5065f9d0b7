"""Failures that were measured in other erasure software, each tried here; docs/PROOFS.md says where the others are."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column as Plain
from sqlalchemy import Connection, Engine, MetaData, Table, Text, create_engine, event, func, insert, text, update

from nexoraz.events.buckets import MemoryBucket
from nexoraz.events.classification import Personal, Unclassified
from nexoraz.events.columns import personal, pseudonym
from nexoraz.events.declarations import TableHolding
from nexoraz.events.holdings import Erased, Holdings
from nexoraz.events.kek import LocalKek
from nexoraz.events.protocol_contracts import ErasureRequested
from nexoraz.events.protocol_events import ErasureFinished, RowsErased
from nexoraz.events.residue import residue_of, scan
from nexoraz.events.schema import KernelTables
from nexoraz.events.sql_store import SqlEventStore
from nexoraz.events.task_runner import POLL_S
from nexoraz.events.tasks import LEASE_S, TaskTable
from nexoraz.events.testing.notebook import KERNEL, LINES, METADATA, REGISTRY, Notebook
from nexoraz.events.vault import Vault
from nexoraz.events.vault_schema import migrate_vault

pytestmark = pytest.mark.real

ANN, BOB = "0f0c9d6e-1111-4111-8111-000000000001", "0f0c9d6e-1111-4111-8111-000000000002"
REQUEST = "7a000000-0000-4000-8000-000000000001"
ERASE_ANN = ErasureRequested(ANN, REQUEST, ["notebook"])


@pytest.fixture
def notebook(kernel_database: Engine, database: Callable[[], str], tmp_path: Path) -> Notebook:
    METADATA.create_all(kernel_database)
    kek, engine = LocalKek(tmp_path / "kek"), create_engine(database().replace("postgresql:", "postgresql+psycopg:"))
    migrate_vault(engine, kek)
    return Notebook(kernel_database, Vault(engine, kek), MemoryBucket())


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements and commits of an engine."""
    seen: list[str] = []

    def statement(_: Connection, __: Any, sql: str, *___: object) -> None:
        seen.append(sql)

    def commit(_: Connection) -> None:
        seen.append("COMMIT")

    event.listen(engine, "before_cursor_execute", statement)
    event.listen(engine, "commit", commit)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", statement)
        event.remove(engine, "commit", commit)


def test_a_task_whose_worker_was_killed_is_taken_over_within_seconds(notebook: Notebook) -> None:
    """Measured: 298 s. Here: the lease and one look at the queue."""
    assert LEASE_S + POLL_S <= 15
    notebook.live(ANN)
    notebook.receive(ERASE_ANN)
    dead, heir = (TaskTable(notebook.engine, name, LEASE_S, frozenset({"erase"})) for name in ("dead", "heir"))
    [task] = dead.claim({"erase": 1})
    assert heir.claim({"erase": 1}) == []
    with notebook.engine.begin() as c:
        over = KERNEL.tasks.c.lease_until - func.make_interval(0, 0, 0, 0, 0, 0, LEASE_S)
        c.execute(update(KERNEL.tasks).values(lease_until=over))
    [again] = heir.claim({"erase": 1})
    assert (again.id, again.attempts) == (task.id, 2)


def test_an_erasure_takes_as_many_statements_and_commits_for_many_rows_as_for_few(notebook: Notebook) -> None:
    """Measured: one auto-committed UPDATE per row."""
    taken = []
    for account, notes in ((ANN, 3), (BOB, 400)):
        notebook.live(account, notes=notes)
        notebook.receive(ErasureRequested(account, f"erase {account}", ["notebook"]))
        with counted(notebook.engine) as seen:
            notebook.work()
        assert not any(notebook.rows_of(account).values())
        taken.append(seen)
    assert taken[0] == taken[1]
    assert len([sql for sql in taken[0] if sql.startswith("DELETE FROM notes")]) == 1


def test_what_was_rolled_back_is_not_said_to_be_done(notebook: Notebook) -> None:
    """Measured: after a rollback the audit trail ended in "erasure completed"."""
    notebook.live(ANN)
    notebook.receive(ERASE_ANN)
    erase, before = notebook.holdings.erase_rows, notebook.rows_of(ANN)

    def failing(connection: Connection, account_id: str) -> list[Erased]:
        erase(connection, account_id)
        raise ConnectionError("the database went away before the commit")

    notebook.holdings.erase_rows = failing  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        notebook.work()
    assert notebook.rows_of(ANN) == before
    assert notebook.events(RowsErased) == [] and notebook.events(ErasureFinished) == []
    notebook.holdings.erase_rows = erase  # type: ignore[method-assign]
    notebook.work()
    [finished] = notebook.events(ErasureFinished)
    assert finished.outcome == "erased" and not any(notebook.rows_of(ANN).values())


def test_a_row_whose_parent_is_gone_is_still_found(notebook: Notebook) -> None:
    """Measured: the check walked the links that the erasure had removed, and said verified with a row left."""
    notebook.live(ANN)
    notebook.receive(ERASE_ANN)
    notebook.work()
    assert residue_of(scan(notebook.holdings, ANN)) == 0
    with notebook.engine.begin() as c:
        c.execute(text("ALTER TABLE note_lines DROP CONSTRAINT note_lines_note_id_fkey"))
        c.execute(insert(LINES).values(note_id=f"{ANN}-0", account_id=ANN))
    assert residue_of(scan(notebook.holdings, ANN)) >= 1


def test_a_column_that_declares_nothing_stops_the_service_and_weakens_no_erasure(notebook: Notebook) -> None:
    """Measured: one undeclared column turned a delete into masking row by row, and kept all rows."""
    metadata = MetaData()
    kernel = KernelTables(metadata)
    diary = Table(
        "diary",
        metadata,
        pseudonym("id", Text, primary_key=True),
        pseudonym("account_id", Text, nullable=False),
        personal("words", Personal("user.content")),
        Plain("mood", Text),
    )
    store = SqlEventStore(notebook.engine, kernel, REGISTRY, notebook.vault)
    with pytest.raises(Unclassified, match="mood"):
        Holdings("diary", store, metadata, notebook.vault, [TableHolding(diary, "user.content")])
