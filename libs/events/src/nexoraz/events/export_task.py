"""The task that writes one service's part of an export: read in one snapshot, sealed, uploaded piece by piece."""

from collections.abc import Iterator
from dataclasses import dataclass

from nexoraz.events.export_parts import Entry, Group, pack
from nexoraz.events.exporting import export
from nexoraz.events.holdings import Holdings
from nexoraz.events.part_uploads import PAUSES_S, PartUploads, Upload
from nexoraz.events.participation_ports import Tasks, UploadGrants
from nexoraz.events.presigned import http_upload
from nexoraz.events.protocol_events import PartsWritten, export_stream
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.store import Transaction
from nexoraz.events.tasks import GiveUp, Task


@dataclass(frozen=True, slots=True)
class ExportTask:
    """Writes the part of one request per task, in bounded memory (part_uploads.py)."""

    service: str
    holdings: Holdings
    tasks: Tasks
    grants: UploadGrants
    upload: Upload = http_upload
    pauses_s: tuple[float, ...] = PAUSES_S

    def run(self, task: Task) -> None:
        """The task handler. Written again from the start when it was interrupted, because its snapshot is gone,
        under new names: a run that lost its lease replaces nothing, and only a complete run names its parts."""
        request_id, account_id = str(task.payload["request_id"]), str(task.payload["account_id"])
        with self.holdings.store.transaction() as tx:
            self._refuse_erased(tx, account_id)
        counted = _Counted(export(self.holdings, account_id))
        public_key = str(task.payload["public_key"])
        uploads = PartUploads(request_id, self.service, public_key, self.grants, self.upload, self.pauses_s)
        try:
            parts = [*uploads.written(pack(counted))]
        except KeyDestroyed as destroyed:
            raise GiveUp("the account is erased") from destroyed
        with self.holdings.store.transaction() as tx:
            self._refuse_erased(tx, account_id)
            version = len(tx.read(export_stream(request_id)))
            tx.append(export_stream(request_id), version, [PartsWritten(request_id, parts, counted.records)])
            self.tasks.complete(tx, task)

    def _refuse_erased(self, tx: Transaction, account_id: str) -> None:
        if tx.is_erased(account_id):
            raise GiveUp("the account is erased")


class _Counted:
    """Entries on their way, with the number of records and files among them."""

    def __init__(self, entries: Iterator[Entry]) -> None:
        self._entries = entries
        self.records = 0

    def __iter__(self) -> Iterator[Entry]:
        for entry in self._entries:
            if not isinstance(entry, Group):
                self.records += 1
            yield entry
