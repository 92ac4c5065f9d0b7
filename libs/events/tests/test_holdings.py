"""Holdings on real PostgreSQL: counting, erasing, searching, and the data map that refuses what nobody declared."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, MetaData, Table, Text, create_engine, insert, select, text, update

from nexoraz.events import datamap
from nexoraz.events.buckets import MemoryBucket
from nexoraz.events.classification import Unclassified
from nexoraz.events.columns import operational, pseudonym
from nexoraz.events.holdings import Holdings, TableHolding, Unheld, Unlinked
from nexoraz.events.kek import LocalKek
from nexoraz.events.residue import residue_of, scan, sweep
from nexoraz.events.schema import KernelTables
from nexoraz.events.sql_store import SqlEventStore
from nexoraz.events.testing.notebook import (
    INVOICES,
    KERNEL,
    LINES,
    METADATA,
    NOTES,
    REFUSALS,
    REGISTRY,
    RULES,
    TAX,
    Notebook,
)
from nexoraz.events.vault import Vault
from nexoraz.events.vault_schema import migrate_vault

pytestmark = pytest.mark.real

ANN, BOB = "0f0c9d6e-1111-4111-8111-000000000001", "0f0c9d6e-1111-4111-8111-000000000002"


@pytest.fixture
def notebook(kernel_database: Engine, database: Callable[[], str], tmp_path: Path) -> Notebook:
    METADATA.create_all(kernel_database)
    kek, engine = LocalKek(tmp_path / "kek"), create_engine(database().replace("postgresql:", "postgresql+psycopg:"))
    migrate_vault(engine, kek)
    return Notebook(kernel_database, Vault(engine, kek), MemoryBucket())


def counts(notebook: Notebook, account: str) -> dict[str, int]:
    return {line.store: line.found for line in notebook.holdings.everything(account)}


def test_an_inventory_counts_every_store_and_no_one_elses(notebook: Notebook) -> None:
    notebook.live(ANN, notes=3, invoices=2)
    notebook.live(BOB, notes=5)
    assert counts(notebook, ANN) == {
        "notes": 3, "note_lines": 3, "invoices": 2, "tasks": 0, "dead_letters": 0, "events": 3, "objects/photos": 1,
    }  # fmt: skip
    assert {line.category for line in notebook.holdings.everything(ANN) if line.store == "events"} == {"user.content"}


def test_erasing_deletes_children_before_parents_and_tells_what_went(notebook: Notebook) -> None:
    notebook.live(ANN)
    notebook.live(BOB)
    before = notebook.fingerprint(BOB)
    with notebook.engine.begin() as c:
        gone = {line.store: line.count for line in notebook.holdings.erase_rows(c, ANN)}
    assert gone == {"notes": 3, "note_lines": 3, "invoices": 0, "tasks": 0, "dead_letters": 0, "events": 3}
    assert not any(notebook.rows_of(ANN).values()) and notebook.fingerprint(BOB) == before


def test_a_rolled_back_erasure_leaves_everything(notebook: Notebook) -> None:
    notebook.live(ANN)
    before = notebook.fingerprint(ANN)
    with pytest.raises(ZeroDivisionError), notebook.engine.begin() as c:
        notebook.holdings.erase_rows(c, ANN)
        raise ZeroDivisionError
    assert notebook.fingerprint(ANN) == before


def test_records_that_a_law_keeps_stay_for_their_term_then_go(notebook: Notebook) -> None:
    notebook.live(ANN, invoices=3)
    old = datetime.now(UTC) - timedelta(days=3654)
    with notebook.engine.begin() as c:
        c.execute(update(INVOICES).where(INVOICES.c.id.endswith("-0")).values(paid_at=old))
        c.execute(update(INVOICES).where(INVOICES.c.id.endswith("-1")).values(paid_at=None))
    invoices = next(line for line in notebook.holdings.everything(ANN) if line.store == "invoices")
    assert (invoices.found, invoices.retained, invoices.basis) == (3, 1, TAX)
    assert invoices.until.endswith("Z") and invoices.until > datetime.now(UTC).isoformat()
    with notebook.engine.begin() as c:
        notebook.holdings.erase_rows(c, ANN)
    assert notebook.rows_of(ANN) == {"events": 0, "notes": 0, "note_lines": 0, "invoices": 1}


def test_a_scan_finds_nothing_of_someone_who_never_was(notebook: Notebook) -> None:
    notebook.live(BOB)
    lines = scan(notebook.holdings, ANN)
    assert residue_of(lines) == 0
    assert {
        "notes",
        "events.account_id (search)",
        "notes.copied_from (search)",
        "events.stream (search)",
        "objects (listing)",
    } <= {line.store for line in lines}


@pytest.mark.parametrize("place", ["column", "child", "event", "stream", "task", "object", "undeclared object"])
def test_a_scan_finds_one_forgotten_trace_anywhere(notebook: Notebook, place: str) -> None:
    notebook.live(BOB)
    with notebook.engine.begin() as c:
        if place == "column":
            c.execute(update(NOTES).where(NOTES.c.id == f"{BOB}-0").values(copied_from=f"note of {ANN}, 3"))
        if place == "child":
            c.execute(insert(LINES).values(note_id=f"{BOB}-0", account_id=ANN))
        if place == "event":
            c.execute(update(KERNEL.events).where(KERNEL.events.c.version == 1).values(account_id=ANN))
        if place == "stream":
            c.execute(update(KERNEL.events).where(KERNEL.events.c.version == 1).values(stream=f"draft-{ANN}"))
        if place == "task":
            task = {"kind": "render", "key": "1", "account_id": "", "payload": {"for": {"whom": ANN}}}
            c.execute(insert(KERNEL.tasks).values(**task, run_at=datetime.now(UTC)))
    if place.endswith("object"):
        kind = "thumbnails" if place.startswith("undeclared") else "photos"
        notebook.objects.bucket.put(f"{ANN}/{kind}/1", io.BytesIO(b"x"), b"")
    assert residue_of(scan(notebook.holdings, ANN)) >= 1
    assert residue_of(scan(notebook.holdings, "0f0c9d6e-1111-4111-8111-000000000003")) == 0


def test_what_a_law_keeps_is_no_residue(notebook: Notebook) -> None:
    notebook.live(ANN, notes=0, invoices=1)
    notebook.objects.delete_all_versions(f"{ANN}/")
    lines = scan(notebook.holdings, ANN)
    assert residue_of(lines) == 0 and sum(line.retained for line in lines) >= 1


def test_a_sweep_finds_traces_of_all_erased_accounts_in_one_pass(notebook: Notebook) -> None:
    notebook.live(BOB)
    with notebook.engine.begin() as c:
        now = datetime.now(UTC)
        c.execute(insert(KERNEL.erased_accounts).values(account_id=ANN, begun_at=now, completed_at=now))
        assert sweep(notebook.holdings) == []
        c.execute(update(NOTES).where(NOTES.c.id == f"{BOB}-0").values(copied_from=ANN))
        c.execute(update(KERNEL.events).where(KERNEL.events.c.version == 1).values(stream=f"draft-{ANN}"))
    found = {(account, line.store) for account, line in sweep(notebook.holdings)}
    assert found == {(ANN, "notes.copied_from"), (ANN, "events.stream")}


class TestDataMap:
    """What the code declares, as a document."""

    def build(self, notebook: Notebook) -> dict[str, object]:
        return datamap.build("notebook", REGISTRY, METADATA, notebook.holdings.declared, RULES)

    def test_every_table_column_field_and_object_is_there(self, notebook: Notebook) -> None:
        made = json.loads(datamap.dump(self.build(notebook)))
        assert set(made["tables"]) == set(METADATA.tables)
        for name, table in METADATA.tables.items():
            assert set(made["tables"][name]["columns"]) == {column.name for column in table.columns}
        assert made["events"]["note-added"]["text"] == {
            "class": "personal", "category": "user.content", "purpose": "account", "retention": "account-life",
        }  # fmt: skip
        assert made["objects"]["photos"]["purpose"] == "content"
        assert made["tables"]["invoices"]["holding"]["retained"]["basis"] == TAX
        assert made["tables"]["tasks"]["holding"]["not_exported_because"]

    def test_it_is_stable(self, notebook: Notebook) -> None:
        first, second = self.build(notebook), self.build(notebook)
        assert datamap.dump(first) == datamap.dump(second) and datamap.digest(first) == datamap.digest(second)
        second["service"] = "other"
        assert datamap.digest(first) != datamap.digest(second)

    def test_a_table_that_nobody_declared_is_refused(self, notebook: Notebook) -> None:
        without = [h for h in notebook.holdings.declared if getattr(h, "table", None) is not LINES]
        with pytest.raises(Unheld) as refused:
            datamap.build("notebook", REGISTRY, METADATA, without, RULES)
        assert refused.value.table == "note_lines"

    @pytest.mark.parametrize("declared", [True, False])
    def test_a_service_with_such_a_table_does_not_even_start(self, notebook: Notebook, declared: bool) -> None:
        metadata = MetaData()
        tables = KernelTables(metadata)
        extra = Table("extra", metadata, pseudonym("account_id", Text))
        store = SqlEventStore(notebook.engine, tables, REGISTRY, notebook.vault)
        if declared:
            Holdings("x", store, metadata, notebook.vault, [TableHolding(extra, "user")])
            Holdings("x", store, metadata, notebook.vault, [Unlinked(extra, "why")])
        else:
            with pytest.raises(Unheld):
                Holdings("x", store, metadata, notebook.vault, [])

    def test_a_column_that_declares_nothing_is_refused(self, notebook: Notebook) -> None:
        metadata = MetaData()
        tables = KernelTables(metadata)
        extra = Table("extra", metadata, operational("id", Text, primary_key=True))
        store = SqlEventStore(notebook.engine, tables, REGISTRY, notebook.vault)
        Holdings("x", store, metadata, notebook.vault, [])
        from sqlalchemy import Column

        extra.append_column(Column("forgotten", Text))
        with pytest.raises(Unclassified):
            Holdings("x", store, metadata, notebook.vault, [])


def test_no_plaintext_is_in_any_table(notebook: Notebook) -> None:
    notebook.live(ANN)
    with notebook.engine.connect() as c:
        for table in METADATA.tables:
            rows = c.execute(text(f'SELECT t::text FROM "{table}" t')).scalars().all()
            assert not [row for row in rows if "secret" in row or "title 0f" in row], table
        assert c.execute(select(NOTES.c.title)).scalars().first() not in (None, b"")
    assert REFUSALS.name == "refusals"
