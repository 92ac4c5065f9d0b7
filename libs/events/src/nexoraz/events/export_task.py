"""The task that writes one service's part of an export: read in one snapshot, sealed, uploaded piece by piece."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nexoraz.events.export_parts import Entry, Group, binding, pack, part_name, pieces, seal_part
from nexoraz.events.exporting import export
from nexoraz.events.holdings import Holdings
from nexoraz.events.participation_ports import Tasks, UploadGrants, UploadRefused
from nexoraz.events.presigned import http_upload
from nexoraz.events.protocol_events import PartsWritten, PartWritten, export_stream
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.store import Transaction
from nexoraz.events.tasks import GiveUp, Task

Upload = Callable[[str, bytes], None]


@dataclass(frozen=True, slots=True)
class ExportTask:
    """Writes the part of one request per task. Memory: three times a part (16 MiB), whatever the account holds."""

    service: str
    holdings: Holdings
    tasks: Tasks
    grants: UploadGrants
    upload: Upload = http_upload

    def run(self, task: Task) -> None:
        """The task handler. Written again from the start when it was interrupted; the parts' names are the same."""
        request_id, account_id = str(task.payload["request_id"]), str(task.payload["account_id"])
        with self.holdings.store.transaction() as tx:
            self._refuse_erased(tx, account_id)
        counted = _Counted(export(self.holdings, account_id))
        try:
            parts = [*self._write(request_id, str(task.payload["public_key"]), counted)]
        except KeyDestroyed as destroyed:
            raise GiveUp("the account is erased") from destroyed
        except UploadRefused as refused:
            raise GiveUp(f"the coordinator refused a part: {refused.reason}") from refused
        with self.holdings.store.transaction() as tx:
            self._refuse_erased(tx, account_id)
            version = len(tx.read(export_stream(request_id)))
            tx.append(export_stream(request_id), version, [PartsWritten(request_id, parts, counted.records)])
            self.tasks.complete(tx, task)

    def _write(self, request_id: str, public_key: str, entries: "_Counted") -> Iterator[PartWritten]:
        for number, piece in enumerate(pieces(pack(entries)), start=1):
            name = part_name(number)
            sealed = self._sealed(public_key, piece, binding(request_id, self.service, name))
            self.upload(self.grants.grant(request_id, self.service, name), sealed)
            yield PartWritten(name, hashlib.sha256(sealed).hexdigest(), len(sealed))

    def _sealed(self, public_key: str, piece: list[bytes], bound_to: str) -> bytes:
        try:
            return b"".join(seal_part(public_key, piece, bound_to))
        except ValueError as error:
            raise GiveUp("the request's public key is not an X25519 key") from error

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
