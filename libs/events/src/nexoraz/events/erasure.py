"""The task that erases an account in one service (DESIGN.md: fact, tombstone, keys, rows and objects, completion).

Every step can be repeated, and a task that was killed goes on from what the request's history says. Counts are recorded
before, or in the transaction in which, what they count goes; so a crash never turns them into zero.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import func, update

from nexoraz.events.bucket_port import StoreRefused
from nexoraz.events.event import Event
from nexoraz.events.holdings import Counted, Holdings, stamp
from nexoraz.events.legal_holds import LegalHolds
from nexoraz.events.participation_ports import BusPurge, RelayProgress, Tasks
from nexoraz.events.protocol_events import BusCounted, ErasureFinished, ObjectsCounted, RowsErased, erasure_stream
from nexoraz.events.receipts import Progress, outcome_of, receipt_lines
from nexoraz.events.sql_store import connection_of
from nexoraz.events.tasks import GiveUp, Postpone, Task
from nexoraz.events.vault import Destruction, Vault

ROUNDS = 3
"""How often rows are erased again when some appear meanwhile, from transactions older than the tombstone."""
RELAY_WAIT_S = 10.0
RELAY_RETRY_S = 5.0
STORE_AWAY_S = 15.0

Hook = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Erasure:
    """Erases one account per task."""

    holdings: Holdings
    holds: LegalHolds
    tasks: Tasks
    vault: Vault
    relay: RelayProgress
    bus: BusPurge
    remember: Callable[[int], None]
    before: Hook
    after: Hook

    def run(self, task: Task) -> None:
        """The task handler. At least once; the receipt is the same however often it was interrupted. An object store
        that is away or refuses is waited for as long as it takes, and the task says why."""
        try:
            self._run(task)
        except StoreRefused as refused:
            raise Postpone(f"object store: {refused}", STORE_AWAY_S) from refused

    def _run(self, task: Task) -> None:
        request_id = str(task.payload["request_id"])
        progress = self._progress(request_id)
        if not progress.account_id:
            raise GiveUp("the erasure never began here")
        if progress.done:
            return
        account_id = progress.account_id
        self._prepare(request_id, progress)
        self.remember(progress.position)
        destruction = self.vault.destroy(account_id)
        left = self._erase(request_id, progress)
        if not self._purge_bus(request_id, progress):
            self._postpone(task)
            return
        self.after(account_id, request_id)
        self._finish(task, request_id, destruction, left)

    def _prepare(self, request_id: str, progress: Progress) -> None:
        """While the keys still exist: seal away what is held, tell whom it concerns, and count the objects."""
        self.holds.keep(progress.account_id)
        if progress.objects_counted or progress.erased is not None:
            return
        self.before(progress.account_id, request_id)
        if self.holdings.objects:
            counted = self.holdings.objects_inventory(progress.account_id)
            self._record(request_id, ObjectsCounted(request_id, counted))

    def _erase(self, request_id: str, progress: Progress) -> list[Counted]:
        """Rows and objects, until a fresh inventory finds none; what it found at last."""
        now: list[Counted] = []
        if progress.erased is None:
            self._erase_rows(request_id, progress.account_id)
        for _ in range(ROUNDS):
            gone = self.holdings.erase_objects(progress.account_id)
            # A listing that found nothing to remove is itself the inventory of the buckets.
            now = self.holdings.everything(progress.account_id, None if gone.objects else ())
            if all(line.found == line.retained for line in now):
                break
            self._erase_rows(request_id, progress.account_id)
        return now

    def _erase_rows(self, request_id: str, account_id: str) -> None:
        with self.holdings.store.transaction() as tx:
            version = Progress.of(tx.read(erasure_stream(request_id))).version
            gone = self.holdings.erase_rows(connection_of(tx), account_id)
            tx.append(erasure_stream(request_id), version, [RowsErased(request_id, gone)])

    def _purge_bus(self, request_id: str, progress: Progress) -> bool:
        """False when the relay has not yet published what came before the tombstone."""
        if not self.relay.wait_passed(progress.position, RELAY_WAIT_S):
            return False
        if progress.bus_messages is None:
            self._record(request_id, BusCounted(request_id, self.bus.count(progress.account_id)))
        self.bus.purge(progress.account_id)
        return True

    def _postpone(self, task: Task) -> None:
        """Later, without counting as a failure: the bus may be away for long."""
        with self.holdings.store.transaction() as tx:
            self.tasks.complete(tx, task)
            self.tasks.enqueue(tx, task.kind, task.key, task.payload, delay_s=RELAY_RETRY_S)

    def _finish(self, task: Task, request_id: str, destruction: Destruction, now: list[Counted]) -> None:
        erased = self.holdings.store.tables.erased_accounts
        with self.holdings.store.transaction() as tx:
            progress = Progress.of(tx.read(erasure_stream(request_id)))
            tx.append(
                erasure_stream(request_id), progress.version, [self._receipt(progress, request_id, destruction, now)]
            )
            connection_of(tx).execute(
                update(erased)
                .where(erased.c.account_id == destruction.account_id, erased.c.completed_at.is_(None))
                .values(completed_at=func.now())
            )
            self.tasks.complete(tx, task)

    def _receipt(
        self, progress: Progress, request_id: str, destruction: Destruction, now: list[Counted]
    ) -> ErasureFinished:
        held = self.holds.kept(destruction.account_id)
        lines = receipt_lines(progress, now, {h.store for h in self.holdings.objects}, held)
        left_on_bus = self.bus.count(destruction.account_id)
        outcome = outcome_of(lines, destruction.keys, self.holdings, left_on_bus)
        return ErasureFinished(
            request_id,
            outcome,
            lines,
            begun_at=stamp(progress.begun_at),
            keys_destroyed=destruction.keys,
            keys_destroyed_at=stamp(destruction.at),
            key_epoch=destruction.epoch,
            key_digest=destruction.digest,
            bus_purged=progress.bus_messages or 0,
        )

    def _progress(self, request_id: str) -> Progress:
        with self.holdings.store.transaction() as tx:
            return Progress.of(tx.read(erasure_stream(request_id)))

    def _record(self, request_id: str, event: Event) -> None:
        with self.holdings.store.transaction() as tx:
            stream = erasure_stream(request_id)
            tx.append(stream, Progress.of(tx.read(stream)).version, [event])
