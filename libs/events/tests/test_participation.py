"""A service's part in erasure and scans, and how it announces itself, on real PostgreSQL."""

import json
import threading

import pytest
from sqlalchemy import insert, select, text

from libs.events.tests.participating import (
    ANN,
    BOB,
    ERASE_ANN,
    REQUEST,
    SCAN_ANN,
    Killed,
    by_store,
    die_at,
    once,
    receipt,
    revive,
)
from nexoraz.events.bucket_port import StoreRefused
from nexoraz.events.event import Stream
from nexoraz.events.export_parts import new_export_key
from nexoraz.events.protocol_contracts import ErasureRequested, ExportRequested, ResidueScanRequested
from nexoraz.events.protocol_events import (
    AccountScanned,
    DataMapAnnounced,
    ErasureBegun,
    ErasureFinished,
    RowsErased,
)
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.rotation import rotate
from nexoraz.events.store import AccountErased
from nexoraz.events.tasks import GiveUp, Postpone, TaskLost
from nexoraz.events.testing.notebook import KERNEL, NOTES, PHOTOS, REFUSALS, TAX, NoteAdded, Notebook

pytestmark = pytest.mark.real


class TestErasure:
    def test_a_store_that_is_away_is_waited_for_and_named(
        self, notebook: Notebook, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuses(_prefix: str) -> None:
            raise StoreRefused("list", "AccessDenied")

        notebook.live(ANN)
        notebook.receive(ERASE_ANN)
        with monkeypatch.context() as away:
            away.setattr(notebook.objects.bucket, "found", refuses)
            with pytest.raises(Postpone, match="object store: list: AccessDenied"):
                notebook.work()
        notebook.work()
        assert [finished.outcome for finished in notebook.events(ErasureFinished)] == ["erased"]

    def test_everything_of_the_account_goes_and_the_receipt_says_how_much(self, notebook: Notebook) -> None:
        notebook.live(ANN, notes=3)
        notebook.live(BOB)
        before = notebook.fingerprint(BOB)
        notebook.receive(ERASE_ANN)
        notebook.work()
        [finished] = notebook.events(ErasureFinished)
        assert finished.outcome == "erased" and finished.bus_purged == 3 and finished.keys_destroyed == 2
        assert by_store(finished) == {
            "notes": (3, 3, 0, 0), "note_lines": (3, 3, 0, 0), "events": (3, 3, 0, 0), "objects/photos": (1, 1, 0, 0),
        }  # fmt: skip
        assert finished.begun_at <= finished.keys_destroyed_at and finished.begun_at.endswith("Z")
        assert not any(notebook.rows_of(ANN).values()) and list(notebook.objects.bucket.found(f"{ANN}/")) == []
        assert notebook.bus.messages == {BOB: 3} and notebook.waiting() == 0 and notebook.told == [ANN]
        assert notebook.fingerprint(BOB) == before
        with pytest.raises(KeyDestroyed):
            notebook.vault.seal(ANN, "account", b"x", "c")
        [published] = notebook.published(ErasureFinished)
        assert published.type_name() == "nexoraz.notebook.erasure-receipted.v1" and published.key == REQUEST
        assert published.participant == "notebook"

    def test_nothing_is_recorded_for_the_account_after_the_beginning(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        notebook.receive(ERASE_ANN)
        stream = Stream.of("notes", ANN, ANN)
        with pytest.raises(AccountErased), notebook.store.transaction() as tx:
            tx.append(stream, 3, [NoteAdded("late", "late")])
        with notebook.engine.connect() as c:
            assert c.execute(select(REFUSALS.c.subject)).scalar_one() == ANN
        notebook.work()
        with pytest.raises(KeyDestroyed), notebook.store.transaction() as tx:
            tx.append(stream, 0, [NoteAdded("late", "late")])
        with notebook.engine.connect() as c:
            done = select(KERNEL.erased_accounts.c.completed_at)
            assert c.execute(done).scalar_one() is not None

    def test_a_request_for_others_is_none_of_ours(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        notebook.receive(ErasureRequested(ANN, REQUEST, ["assets"]))
        assert notebook.waiting() == 0 and notebook.rows_of(ANN)["notes"] == 3
        notebook.receive(ResidueScanRequested(ANN, REQUEST, ["assets"]))
        notebook.receive(ExportRequested(ANN, REQUEST, new_export_key()[1], ["assets"]))
        assert notebook.waiting() == 0

    def test_an_account_that_nothing_is_held_of_is_said_to_be_so(self, notebook: Notebook) -> None:
        notebook.receive(ERASE_ANN)
        notebook.work()
        assert receipt(notebook) == {"outcome": "nothing-held", "lines": [], "keys": (0, True, 1), "bus": 0}
        with pytest.raises(KeyDestroyed):
            notebook.live(ANN)

    def test_what_a_law_keeps_is_told_with_its_basis(self, notebook: Notebook) -> None:
        notebook.live(ANN, invoices=2)
        notebook.receive(ERASE_ANN)
        notebook.work()
        [finished] = notebook.events(ErasureFinished)
        [line] = [line for line in finished.lines if line.store == "invoices"]
        assert finished.outcome == "partially-retained"
        assert (line.found, line.erased, line.retained, line.left, line.basis) == (2, 0, 2, 0, TAX)
        assert line.until > finished.begun_at

    def test_a_message_that_comes_twice_begins_once(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        notebook.receive(ERASE_ANN, "m1")
        notebook.receive(ERASE_ANN, "m1")
        assert len(notebook.events(ErasureBegun)) == 1 and notebook.waiting() == 1

    def test_asked_again_after_the_end_it_sends_the_same_receipt(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        notebook.receive(ERASE_ANN)
        notebook.work()
        notebook.receive(ERASE_ANN)
        first, second = notebook.events(ErasureFinished)
        assert first == second and notebook.waiting() == 0

    def test_a_second_request_after_a_whole_erasure_finds_nothing_and_says_so(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        notebook.receive(ERASE_ANN)
        notebook.work()
        notebook.receive(ErasureRequested(ANN, "another", ["notebook"]))
        notebook.work()
        assert [line for line in notebook.events(ErasureFinished)[-1].lines if line.found or line.erased] == []

    def test_a_second_request_after_a_killed_one_does_not_turn_counts_into_zero(self, notebook: Notebook) -> None:
        """Measured at a peer: killed in the middle, asked again, matched nothing, reported complete with rows left."""
        notebook.live(ANN)
        notebook.receive(ERASE_ANN)
        die_at(notebook, "erase_objects")
        with pytest.raises(Killed):
            notebook.work()
        notebook.receive(ErasureRequested(ANN, "another", ["notebook"]))
        revive(notebook)
        notebook.work()
        receipts = notebook.events(ErasureFinished)
        assert {r.outcome for r in receipts} == {"erased"} and len(receipts) == 2
        assert by_store(next(r for r in receipts if r.request_id == REQUEST))["notes"] == (3, 3, 0, 0)
        assert not any(notebook.rows_of(ANN).values())

    def test_rows_that_a_slow_transaction_commits_meanwhile_go_too(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        notebook.receive(ERASE_ANN)

        def late() -> int:
            with notebook.engine.begin() as c:
                c.execute(insert(NOTES).values(id="late", account_id=ANN, title=b"sealed before"))
            return 0

        once(notebook.holdings, "erase_objects", late)
        notebook.work()
        [finished] = notebook.events(ErasureFinished)
        assert finished.outcome == "erased" and notebook.rows_of(ANN)["notes"] == 0
        assert len(notebook.events(RowsErased)) == 2

    def test_rows_that_cannot_be_removed_make_it_unverified_and_it_is_tried_again_when_asked(
        self, notebook: Notebook
    ) -> None:
        notebook.live(ANN)
        with notebook.engine.begin() as c:
            c.execute(text("CREATE RULE stay AS ON DELETE TO note_lines DO INSTEAD NOTHING"))
            c.execute(text("ALTER TABLE note_lines DROP CONSTRAINT note_lines_note_id_fkey"))
        notebook.receive(ERASE_ANN)
        notebook.work()
        assert receipt(notebook)["outcome"] == "unverified"
        assert by_store(notebook.events(ErasureFinished)[-1])["note_lines"] == (3, 0, 0, 3)
        with notebook.engine.begin() as c:
            c.execute(text("DROP RULE stay ON note_lines"))
        notebook.receive(ERASE_ANN)
        notebook.work()
        assert receipt(notebook)["outcome"] == "erased"
        assert by_store(notebook.events(ErasureFinished)[-1])["note_lines"] == (3, 3, 0, 0)

    def test_data_that_was_there_and_that_nobody_removed_makes_it_unverified(self, notebook: Notebook) -> None:
        """A silent no-op: the handler matched nothing, and afterwards nothing is to be seen."""
        notebook.live(ANN)
        notebook.receive(ERASE_ANN)
        with notebook.engine.begin() as c:
            c.execute(text("DELETE FROM note_lines"))
        notebook.work()
        assert receipt(notebook)["outcome"] == "unverified"

    def test_messages_that_stay_on_the_bus_make_it_unverified(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        notebook.receive(ERASE_ANN)
        notebook.bus.stuck = True
        notebook.work()
        assert receipt(notebook)["outcome"] == "unverified"

    def test_it_waits_for_the_relay_without_counting_that_as_a_failure(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        notebook.receive(ERASE_ANN)
        notebook.bus.relayed = False
        for _ in range(3):
            notebook.work()
            assert notebook.events(ErasureFinished) == [] and notebook.waiting() == 1
        assert notebook.rows_of(ANN)["notes"] == 0 and notebook.bus.messages[ANN] == 3
        notebook.bus.relayed = True
        [task] = notebook.claim()
        assert task.attempts == 1
        notebook.participation.task_handlers["erase"](task)
        assert receipt(notebook)["outcome"] == "erased"

    def test_two_workers_with_the_same_task_give_one_receipt(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        notebook.receive(ERASE_ANN)
        [task] = notebook.claim()
        failures: list[BaseException] = []

        def run() -> None:
            try:
                notebook.participation.task_handlers["erase"](task)
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        for _ in range(2):  # the runner tries a loser again as long as the task exists
            if notebook.waiting():
                notebook.work()
        assert len(notebook.events(ErasureFinished)) == 1 and receipt(notebook)["outcome"] == "erased"
        assert by_store(notebook.events(ErasureFinished)[0])["notes"] == (3, 3, 0, 0)

    def test_a_task_without_a_beginning_gives_up_with_a_reason(self, notebook: Notebook) -> None:
        with notebook.store.transaction() as tx:
            notebook.queue.enqueue(tx, "erase", "x", {"request_id": "never asked"})
        with pytest.raises(GiveUp):
            notebook.work()

    def test_a_lost_lease_rolls_the_receipt_back(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        notebook.receive(ERASE_ANN)
        [task] = notebook.claim()
        notebook.queue.owner = "someone else"
        with pytest.raises(TaskLost):
            notebook.participation.task_handlers["erase"](task)
        assert notebook.events(ErasureFinished) == []


class TestScan:
    def test_it_tells_what_is_left_after_an_erasure(self, notebook: Notebook) -> None:
        notebook.live(ANN, invoices=1)
        notebook.receive(ERASE_ANN)
        notebook.work()
        notebook.receive(SCAN_ANN)
        notebook.work()
        [scanned] = notebook.events(AccountScanned)
        assert scanned.residue == 0 and sum(line.retained for line in scanned.lines) == 1
        [published] = notebook.published(AccountScanned)
        assert published.type_name() == "nexoraz.notebook.residue-scanned.v1" and published.key == REQUEST

    def test_a_row_that_came_back_is_found(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        notebook.receive(ERASE_ANN)
        notebook.work()
        with notebook.engine.begin() as c:
            c.execute(insert(NOTES).values(id="back", account_id=ANN, title=b"from a backup"))
        notebook.receive(SCAN_ANN)
        notebook.work()
        assert notebook.events(AccountScanned)[0].residue == 1

    def test_asked_again_it_scans_again_but_a_duplicate_does_not(self, notebook: Notebook) -> None:
        notebook.receive(SCAN_ANN, "m1")
        notebook.receive(SCAN_ANN, "m1")
        assert notebook.work() == 1
        notebook.receive(SCAN_ANN, "m2")
        notebook.work()
        assert [s.residue for s in notebook.events(AccountScanned)] == [0, 0]


class TestAnnouncement:
    def test_it_is_made_once_per_data_map(self, notebook: Notebook) -> None:
        notebook.participation.announce()
        notebook.participation.announce()
        [announced] = notebook.events(DataMapAnnounced)
        assert json.loads(announced.data_map) == notebook.participation.data_map()
        [published] = notebook.published(DataMapAnnounced)
        assert published.type_name() == "nexoraz.notebook.participant-announced.v1" and published.key == "notebook"
        notebook.holdings.declared = [h for h in notebook.holdings.declared if getattr(h, "kind", None) is not PHOTOS]
        notebook.participation.announce()
        assert len(notebook.events(DataMapAnnounced)) == 2

    def test_replicas_that_start_at_once_announce_once(self, notebook: Notebook) -> None:
        threads = [threading.Thread(target=notebook.participation.announce) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(notebook.events(DataMapAnnounced)) == 1


def test_after_erasure_and_rotation_no_key_in_any_table_opens_anything(notebook: Notebook) -> None:
    notebook.live(ANN)
    with notebook.vault.engine.connect() as c:
        copied = c.execute(text("SELECT wrapped FROM vault_keys WHERE account_id = :a"), {"a": ANN}).scalars().all()
    notebook.receive(ERASE_ANN)
    notebook.work()
    rotate(notebook.vault)
    for wrapped in copied:
        for epoch in (1, 2):
            with pytest.raises(Exception, match=r"epoch|content"):
                notebook.vault.kek.unwrap(epoch, wrapped, f"{ANN}|content".encode())
