"""A service's part in erasure and export: one implementation for all of them (DESIGN.md, "Requests").

Handlers run in the consumer's transaction and touch the database only; what reaches further is a task.
"""

import json
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import replace
from datetime import datetime
from typing import Any

from nexoraz.events import datamap
from nexoraz.events.attestation import attest
from nexoraz.events.contracts import Contract, Foreign, Received
from nexoraz.events.erasure import Erasure, Hook
from nexoraz.events.export_task import ExportTask
from nexoraz.events.holdings import Holdings
from nexoraz.events.legal_holds import LegalHolds
from nexoraz.events.part_uploads import Upload
from nexoraz.events.participation_ports import BusPurge, RelayProgress, Tasks, UploadGrants
from nexoraz.events.presigned import http_upload
from nexoraz.events.protocol_contracts import (
    ErasureRequested,
    ExportRequested,
    HoldPlaced,
    HoldReleased,
    ResidueScanRequested,
    contracts_of,
    protocol_translation,
)
from nexoraz.events.protocol_events import (
    EXPIRED,
    PROTOCOL_EVENTS,
    AccountScanned,
    DataMapAnnounced,
    ErasureBegun,
    erasure_stream,
    export_stream,
    participant_stream,
    scan_stream,
)
from nexoraz.events.receipts import Progress
from nexoraz.events.residue import Residue, residue_of, scan, sweep
from nexoraz.events.restored_vault import destroy_again
from nexoraz.events.retention import Retention
from nexoraz.events.sql_store import SqlEventStore, connection_of
from nexoraz.events.store import Transaction, VersionConflict
from nexoraz.events.tasks import GiveUp, Task
from nexoraz.events.vault import Vault

__all__ = ["PROTOCOL_EVENTS", "Participation", "contracts_of", "protocol_translation"]

ERASE, SCAN, EXPORT, RESIDUE = "erase", "scan", "export-part", "residue"


def _nothing(*_: object) -> None:
    return None


class Participation:
    """Connects a service's holdings with the coordinator.

    remember: told the position of each erasure before its keys go, so that a later restore is noticed (incarnation.py).
    on_begun: in the transaction that begins an erasure, such as refusing the account's tokens; another request for the
    same account calls it again. before_erase,
    after_erase: (account id, request id), in the task, at least once; the keys still exist before.
    """

    def __init__(
        self,
        service: str,
        store: SqlEventStore,
        tasks: Tasks,
        holdings: Holdings,
        vault: Vault,
        relay: RelayProgress,
        bus: BusPurge,
        grants: UploadGrants,
        remember: Callable[[int], None] = _nothing,
        on_begun: Callable[[Transaction, str], None] = _nothing,
        before_erase: Hook = _nothing,
        after_erase: Hook = _nothing,
        upload: Upload = http_upload,
    ) -> None:
        self.service = service
        self.contracts = contracts_of(service)
        self.translate: Callable[..., Contract | None] = protocol_translation(service)
        self._store = store
        self._tasks = tasks
        self._holdings = holdings
        self._vault = vault
        self._on_begun = on_begun
        self._holds = LegalHolds(service, holdings, tasks)
        self._erasure = Erasure(holdings, self._holds, tasks, vault, relay, bus, remember, before_erase, after_erase)
        self.retention = Retention(holdings, self.expire)
        self._export = ExportTask(service, holdings, tasks, grants, upload)

    def around(self, bus: BusPurge, relay: RelayProgress, grants: UploadGrants, upload: Upload) -> "Participation":
        """The same part with another world around it, such as one in memory."""
        other = copy(self)
        other._erasure = replace(self._erasure, bus=bus, relay=relay)
        other._export = replace(self._export, grants=grants, upload=upload)
        return other

    @property
    def handlers(self) -> Mapping[type[Foreign], Callable[[Transaction, Received], None]]:
        """For the consumer."""
        return {
            ErasureRequested: self._erasure_requested,
            ResidueScanRequested: self._scan_requested,
            ExportRequested: self._export_requested,
            HoldPlaced: self._holds.placed,
            HoldReleased: self._holds.released,
        }

    @property
    def task_handlers(self) -> Mapping[str, Callable[[Task], None]]:
        """For the worker; these kinds survive the erasure of an account."""
        return {
            ERASE: self._erasure.run,
            SCAN: self._scan,
            EXPORT: self._export.run,
            RESIDUE: self._look_again,
            **self._holds.task_handlers,
        }

    def data_map(self) -> dict[str, Any]:
        """What this service announces."""
        holdings = self._holdings
        registry, rules = holdings.store.registry, holdings.rules.values()
        return datamap.build(self.service, registry, holdings.metadata, holdings.declared, rules)

    def announce(self) -> None:
        """Tell the coordinator that this service takes part, once per change of its data map. For a worker's start."""
        data_map = self.data_map()
        text = json.dumps(data_map, sort_keys=True, separators=(",", ":"))
        announced = DataMapAnnounced(self.service, datamap.digest(data_map), text)
        try:
            with self._store.transaction() as tx:
                history = tx.read(participant_stream(self.service))
                if not history or history[-1].event.data_map_hash != announced.data_map_hash:
                    tx.append(participant_stream(self.service), len(history), [announced])
        except VersionConflict:
            self.announce()  # another replica announced at the same moment; look again

    def sweep(self) -> list[tuple[str, Residue]]:
        """What is left of erased accounts, by account. Each of these accounts becomes a task that looks again and stays
        dead while something is there, so that operators see it like all other failed work."""
        found = [(account_id, line) for account_id, line in sweep(self._holdings) if line.found > line.retained]
        with self._store.transaction() as tx:
            for account_id in sorted({account_id for account_id, _ in found}):
                self._tasks.enqueue(tx, RESIDUE, account_id, {"account_id": account_id})
        return found

    def keep_vault(self) -> None:
        """For a worker's start and every hour: the erased stay erased in a vault that was restored, and epochs that
        are over are told although the rotation was killed before it could."""
        destroy_again(self._store, self._vault)
        attest(self.service, self._store, self._vault)

    def _look_again(self, task: Task) -> None:
        left = [line for line in scan(self._holdings, str(task.payload["account_id"])) if line.found > line.retained]
        if left:
            raise GiveUp(", ".join(f"{line.found - line.retained} left in {line.store}" for line in left))

    def erase_again(self, request_id: str, account_id: str) -> bool:
        """After a restore: whether this erasure ended here; it begins now where the backup knows nothing of it."""
        with self._store.transaction() as tx:
            progress = Progress.of(tx.read(erasure_stream(request_id)))
            if progress.finished is None:
                self._begin(tx, progress, request_id, account_id)
        return progress.finished is not None

    def began_since(self, request_id: str, at: datetime) -> bool:
        """Whether the erasure began here at that moment or later."""
        with self._store.transaction() as tx:
            begun = Progress.of(tx.read(erasure_stream(request_id))).begun_at
        return begun is not None and begun >= at

    def swept(self, account_id: str) -> int:
        """Remove what a restored bucket or table still holds of an erased account; what is left even then."""
        if not residue_of(scan(self._holdings, account_id)):
            return 0
        self._vault.destroy(account_id)
        with self._store.transaction() as tx:
            self._holdings.erase_rows(connection_of(tx), account_id)
        self._holdings.erase_objects(account_id)
        return residue_of(scan(self._holdings, account_id))

    def expire(self, tx: Transaction, account_id: str) -> None:
        """Begin the erasure of an account whose own term is over; nobody asked for it and nobody is told."""
        self._begin(tx, Progress(), f"{EXPIRED}{account_id}", account_id)

    def _erasure_requested(self, tx: Transaction, received: Received) -> None:
        asked: ErasureRequested = received.data
        if self.service not in asked.participants:
            return
        stream = erasure_stream(asked.request_id)
        progress = Progress.of(tx.read(stream))
        if progress.done and progress.finished is not None:
            tx.append(stream, progress.version, [progress.finished])  # asked again, so the receipt is sent again
            return
        self._begin(tx, progress, asked.request_id, asked.account_id)

    def _begin(self, tx: Transaction, progress: Progress, request_id: str, account_id: str) -> None:
        if not progress.account_id:
            counted = self._holdings.inventory(connection_of(tx), account_id)
            tx.append(erasure_stream(request_id), progress.version, [ErasureBegun(request_id, account_id, counted)])
            tx.tombstone(account_id)
            self._on_begun(tx, account_id)
        self._tasks.enqueue(tx, ERASE, request_id, {"request_id": request_id})

    def _scan_requested(self, tx: Transaction, received: Received) -> None:
        asked: ResidueScanRequested = received.data
        if self.service in asked.participants:
            payload = {"request_id": asked.request_id, "account_id": asked.account_id}
            self._tasks.enqueue(tx, SCAN, f"{asked.request_id}:{received.id}", payload)

    def _export_requested(self, tx: Transaction, received: Received) -> None:
        asked: ExportRequested = received.data
        if self.service not in asked.participants or tx.is_erased(asked.account_id):
            return
        written = tx.read(export_stream(asked.request_id))
        if written:
            tx.append(export_stream(asked.request_id), len(written), [written[-1].event])
            return
        payload = {"request_id": asked.request_id, "account_id": asked.account_id, "public_key": asked.public_key}
        self._tasks.enqueue(tx, EXPORT, asked.request_id, payload, account_id=asked.account_id)

    def _scan(self, task: Task) -> None:
        request_id = str(task.payload["request_id"])
        lines = scan(self._holdings, str(task.payload["account_id"]))
        with self._store.transaction() as tx:
            version = len(tx.read(scan_stream(request_id)))
            tx.append(scan_stream(request_id), version, [AccountScanned(request_id, residue_of(lines), lines)])
            self._tasks.complete(tx, task)
