"""The contract of participants can be kept, and each way of breaking it fails the check that is named for it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Connection, create_engine, select

from libs.events.tests.conftest import migrate_kernel, sqlalchemy_url
from nexoraz.events import erasure, export_task, exporting, receipts
from nexoraz.events.buckets import MemoryBucket
from nexoraz.events.erasure import Erasure
from nexoraz.events.export_parts import Entry, Record
from nexoraz.events.holdings import Counted, Erased, Holdings, TableHolding
from nexoraz.events.kek import LocalKek
from nexoraz.events.protocol_events import ReceiptLine
from nexoraz.events.receipts import ERASED, UNVERIFIED, Progress
from nexoraz.events.tasks import Task
from nexoraz.events.testing.notebook import METADATA, NOTES, Notebook
from nexoraz.events.testing.participant_contract import ParticipantContract
from nexoraz.events.testing.subject import Subject
from nexoraz.events.vault import Vault
from nexoraz.events.vault_schema import migrate_vault
from nexoraz.local.testing.fixtures import NewMigratedDatabase

pytestmark = pytest.mark.real


@pytest.fixture(scope="class")
def notebook(shared_database: NewMigratedDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    data = create_engine(sqlalchemy_url(shared_database("kernel", migrate_kernel)))
    vault = create_engine(sqlalchemy_url(shared_database("empty", lambda _: None)))
    METADATA.create_all(data)
    kek = LocalKek(tmp_path_factory.mktemp("kek"))
    migrate_vault(vault, kek)
    yield Notebook(data, Vault(vault, kek), MemoryBucket())
    data.dispose()
    vault.dispose()


def subject_of(notebook: Notebook) -> Subject:
    n = notebook
    return Subject(
        "notebook", n.store, n.vault, n.holdings, n.participation, n.queue, list, bus=n.bus, object_id="{}-photo".format
    )


@pytest.fixture(scope="class")
def subject(notebook: Notebook) -> Subject:
    return subject_of(notebook)


class TestNotebook(ParticipantContract):
    """The small service that the library's own tests use."""


class TestWhatTheContractFinds:
    """Participants that are broken in one way each, and the check that finds it."""

    def refused(self, check: str, *given: object, says: str) -> None:
        with pytest.raises(AssertionError, match=says):
            getattr(ParticipantContract(), check)(*given)

    def test_a_table_that_is_forgotten(self, subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
        real = Holdings._erase_table

        def forget(self: Holdings, connection: Connection, holding: TableHolding, account_id: str) -> Erased:
            if holding.store in ("note_lines", "notes"):
                return Erased(holding.category, holding.store, 0)
            return real(self, connection, holding, account_id)

        monkeypatch.setattr(Holdings, "_erase_table", forget)
        self.refused("test_an_erasure_leaves_nothing_in_any_declared_store", subject, says="still there")
        self.refused("test_the_receipt_names_every_store_and_what_went_from_it", subject, says="unverified")

    def test_an_erasure_that_is_claimed_only(self, subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Holdings, "erase_rows", lambda *_: [])
        monkeypatch.setattr(erasure, "outcome_of", lambda *_: ERASED)
        self.refused("test_an_erasure_leaves_nothing_in_any_declared_store", subject, says="still there")
        self.refused("test_a_silent_no_op_is_unverified", subject, monkeypatch, says=UNVERIFIED)

    def test_a_crash_after_which_nothing_was_ever_held(self, subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its counts live in the process, so a crash between deleting and telling turns them into nothing."""
        run, lines_of = Erasure.run, receipts.receipt_lines
        counted: dict[tuple[str, str], int] = {}

        def forgetful(self: Erasure, task: Task) -> None:
            account_id = self._progress(str(task.payload["request_id"])).account_id
            found = self.holdings.everything(account_id)
            counted.clear()
            counted.update({(line.category, line.store): line.found for line in found})
            run(self, task)

        def lines(progress: Progress, now: list[Counted], objects: set[str], held: list[Counted]) -> list[ReceiptLine]:
            progress.found = dict(counted)
            return lines_of(progress, now, objects, held)

        monkeypatch.setattr(Erasure, "run", forgetful)
        monkeypatch.setattr(erasure, "receipt_lines", lines)
        self.refused("test_killed_at_any_step_the_receipt_is_the_same", subject, says="killed at step")

    def test_an_export_with_somebody_elses_row(self, subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
        def careless(holdings: Holdings, account_id: str) -> Iterator[Entry]:
            yield from exporting.export(holdings, account_id)
            with holdings.store.engine.connect() as connection:
                for row in connection.execute(select(NOTES.c.id, NOTES.c.account_id)):
                    yield Record({"id": row.id, "account_id": row.account_id})

        monkeypatch.setattr(export_task, "export", careless)
        self.refused("test_an_export_holds_nothing_of_other_people", subject, says="of another person")

    def test_a_declared_field_that_is_left_out(self, subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
        tables = [
            replace(h, present=lambda row: {"id": row["id"]}) if h.store == "notes" else h
            for h in subject.holdings.tables
        ]
        monkeypatch.setattr(subject.holdings, "tables", tables)
        self.refused("test_an_export_holds_every_declared_field", subject, says="notes.title is not in the export")

    def test_a_participant_that_says_nothing(self, subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Erasure, "run", lambda *_: None)
        self.refused("test_nothing_changes_for_anybody_else", subject, says="it is silent")
