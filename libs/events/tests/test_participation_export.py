"""A service's part in exports, on real PostgreSQL."""

import json
from collections.abc import Callable
from uuid import uuid4

import pytest

from libs.events.tests.participating import (
    ANN,
    BOB,
    ERASE_ANN,
    REQUEST,
    once,
)
from nexoraz.events.event import Stream
from nexoraz.events.export_parts import Entry, File, Group, Record, new_export_key, open_parts
from nexoraz.events.participation_ports import UploadRefused
from nexoraz.events.protocol_contracts import ExportRequested
from nexoraz.events.protocol_events import (
    PartsWritten,
)
from nexoraz.events.tasks import GiveUp, TaskLost
from nexoraz.events.testing.notebook import NoteAdded, Notebook
from nexoraz.events.vault import Vault

pytestmark = pytest.mark.real


class TestExport:
    def export(self, notebook: Notebook, account: str = ANN) -> tuple[list[PartsWritten], list[Entry]]:
        private, public = new_export_key()
        notebook.receive(ExportRequested(account, REQUEST, public, ["notebook"]))
        notebook.work()
        written = notebook.events(PartsWritten)
        names = [part.name for part in written[-1].parts]
        stored = [(name, [notebook.bus.uploads[f"{REQUEST}/notebook/{name}"]]) for name in names]
        entries: list[Entry] = []
        for entry in open_parts(private, REQUEST, "notebook", stored):
            whole = b"".join(entry.chunks) if isinstance(entry, File) else b""
            entries.append(File(entry.name, entry.media_type, iter([whole])) if isinstance(entry, File) else entry)
        return written, entries

    def test_everything_declared_is_in_it_opened_and_grouped(self, notebook: Notebook) -> None:
        notebook.live(ANN, invoices=1)
        notebook.live(BOB)
        [written], entries = self.export(notebook)
        groups = [entry.name for entry in entries if isinstance(entry, Group)]
        assert groups == ["invoices", "note_lines", "notes", "events", "objects/photos"]
        records = [entry.data for entry in entries if isinstance(entry, Record)]
        assert {"id": f"{ANN}-0", "title": f"title {ANN}-0"} in records
        assert [r["data"]["text"] for r in records if r.get("event") == "note-added"] == [
            f"secret {n} of {ANN}" for n in range(3)
        ]
        [file] = [entry for entry in entries if isinstance(entry, File)]
        assert (file.name, file.media_type, b"".join(file.chunks)) == (
            "cup.jpg",
            "image/jpeg",
            b"a cup of coffee" * 5000,
        )
        assert written.records == len(entries) - len(groups) and BOB not in json.dumps(records, default=str)

    def test_what_is_stored_shows_nothing(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        self.export(notebook)
        stored = b"".join(notebook.bus.uploads.values())
        assert b"secret" not in stored and b"coffee" not in stored and ANN.encode() not in stored

    def test_it_is_one_snapshot_however_much_is_written_meanwhile(self, notebook: Notebook) -> None:
        notebook.live(ANN, notes=3)
        original = notebook.holdings.vault.open

        def writing(account: str, purpose: str, sealed: bytes, context: str) -> bytes:
            with notebook.store.transaction() as tx:
                notebook.write_row(tx, ANN, f"meanwhile-{uuid4()}")
                stream = Stream.of("notes", ANN, ANN)
                tx.append(stream, len(tx.read(stream)), [NoteAdded("meanwhile", "meanwhile")])
            return original(account, purpose, sealed, context)

        notebook.holdings.vault = RacingVault(notebook.vault, writing)  # type: ignore[assignment]
        _, entries = self.export(notebook)
        records = [entry.data for entry in entries if isinstance(entry, Record)]
        assert len([r for r in records if "title" in r]) == 3 and len([r for r in records if "event" in r]) == 3

    def test_asked_again_it_announces_the_same_parts(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        self.export(notebook)
        notebook.receive(ExportRequested(ANN, REQUEST, new_export_key()[1], ["notebook"]))
        first, second = notebook.events(PartsWritten)
        assert first == second and notebook.waiting() == 0

    def test_an_erased_account_is_not_exported(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        notebook.receive(ExportRequested(ANN, REQUEST, new_export_key()[1], ["notebook"]))
        notebook.receive(ERASE_ANN)
        with pytest.raises(GiveUp):
            notebook.work("export-part")
        notebook.work("erase")
        assert notebook.waiting() == 0 and notebook.events(PartsWritten) == []
        notebook.receive(ExportRequested(ANN, "later", new_export_key()[1], ["notebook"]))
        assert notebook.waiting() == 0

    def test_an_erasure_in_the_middle_ends_the_export_without_an_answer(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        notebook.receive(ExportRequested(ANN, REQUEST, new_export_key()[1], ["notebook"]))

        def erase() -> int:
            notebook.receive(ERASE_ANN)
            notebook.work("erase")
            return 0

        once(notebook.bus, "grant", erase)
        with pytest.raises((GiveUp, TaskLost)):
            notebook.work("export-part")
        assert notebook.events(PartsWritten) == []

    def test_a_refusal_or_an_unusable_key_ends_it_with_a_reason(self, notebook: Notebook) -> None:
        def refuse() -> int:
            raise UploadRefused("not-collecting")

        notebook.live(ANN)
        notebook.receive(ExportRequested(ANN, REQUEST, new_export_key()[1], ["notebook"]))
        once(notebook.bus, "grant", refuse)
        with pytest.raises(GiveUp, match="not-collecting"):
            notebook.work()
        notebook.receive(ExportRequested(ANN, "poisoned", "bm90IGEga2V5", ["notebook"]))
        with pytest.raises(GiveUp, match="X25519"):
            notebook.participation.task_handlers["export-part"](notebook.claim()[-1])


class RacingVault:
    """A vault beside which something happens whenever it opens a value."""

    def __init__(self, vault: Vault, opening: Callable[[str, str, bytes, str], bytes]) -> None:
        self.open = opening
        self.seal = vault.seal
