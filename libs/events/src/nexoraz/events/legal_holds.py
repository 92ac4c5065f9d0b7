"""Legal holds in one service: what a hold names survives the erasure of its account, and only that.

From the commit that takes a hold, the retention job leaves what it names. An erasure takes a copy of it, sealed under
a key of the hold's own, before the account's keys are destroyed; then the original goes like everything else, so no
route, read model or rebuild shows it. What a law keeps anyway stays in its place and is only left there for longer.
A release destroys the hold's key and removes the copy.

A hold names rows, events or objects; work in progress and what goes by itself at any moment cannot be held. It binds
erasure and retention, not what the person does with the living account.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from nexoraz.events.contracts import Received
from nexoraz.events.held_copies import HOLD_PURPOSE, Copies, Copy, account_of_hold
from nexoraz.events.holdings import Counted, Holdings, stamp
from nexoraz.events.participation_ports import Tasks
from nexoraz.events.protocol_contracts import HoldPlaced, HoldReleased
from nexoraz.events.protocol_events import (
    HoldAnswered,
    ReceiptLine,
    RecordsErased,
    erasure_stream,
    erasures_of,
    hold_stream,
)
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.events.tasks import Postpone, Task

PLACE, RELEASE = "place-hold", "release-hold"
PLACED, NOT_FOUND, NOT_SUPPORTED, ACCOUNT_ERASED, RELEASED = (
    "placed", "not-found", "not-supported", "account-erased", "released",
)  # fmt: skip
UNTIL_ERASED_S = 5.0


@dataclass(frozen=True, slots=True)
class LegalHolds:
    """One service's side. `placed` and `released` are handlers of the consumer, the others run in tasks."""

    service: str
    holdings: Holdings
    tasks: Tasks

    @property
    def task_handlers(self) -> Mapping[str, Callable[[Task], None]]:
        return {PLACE: self._answer, RELEASE: self._release}

    def placed(self, tx: Transaction, received: Received) -> None:
        """Bind at once, and look in a task whether there is what the hold names."""
        asked: HoldPlaced = received.data
        if asked.participant != self.service:
            return
        if tx.is_erased(asked.account_id):
            self._say(tx, asked.hold_id, ACCOUNT_ERASED)
        elif not Copies.supports(self.holdings, asked.store, asked.category):
            self._say(tx, asked.hold_id, NOT_SUPPORTED)
        else:
            row = {name: getattr(asked, name) for name in NAMES}
            connection_of(tx).execute(upsert(self._holds).values(row).on_conflict_do_nothing())
            self.tasks.enqueue(tx, PLACE, asked.hold_id, {"hold_id": asked.hold_id})

    def released(self, tx: Transaction, received: Received) -> None:
        asked: HoldReleased = received.data
        if asked.participant == self.service:
            self.tasks.enqueue(tx, RELEASE, asked.hold_id, {"hold_id": asked.hold_id})

    def keep(self, account_id: str) -> None:
        """Copy what is held of an account, while its keys still exist; each hold once, so this may be repeated."""
        with self.holdings.store.engine.connect() as connection:
            waiting = select(self._holds).where(self._holds.c.account_id == account_id, self._holds.c.kept_at.is_(None))
            holds = connection.execute(waiting).all()
        for hold in holds:
            try:
                self._keep(hold)
            except KeyDestroyed:  # of the hold: it was released meanwhile
                continue

    def kept(self, account_id: str) -> list[Counted]:
        """What is kept of an erased account because it is held, by category and store."""
        records, holds = self.holdings.store.tables.held_records, self._holds
        query = (
            select(records.c.categories, records.c.store, func.count(), holds.c.basis, func.max(holds.c.until))
            .join(holds, holds.c.hold_id == records.c.hold_id)
            .where(records.c.account_id == account_id)
            .group_by(records.c.categories, records.c.store, holds.c.basis)
            .order_by(holds.c.basis)
        )
        with self.holdings.store.engine.connect() as connection:
            rows = connection.execute(query).all()
        found: dict[tuple[str, str], Counted] = {}
        for categories, store, count, basis, until in rows:
            for category in categories.split(","):
                before = found.get((category, store), Counted(category, store, 0))
                total, reason = before.found + count, "; ".join(filter(None, (before.basis, basis)))
                last = max(before.until, stamp(until))
                found[category, store] = Counted(category, store, total, total, reason, last)
        return list(found.values())

    def _answer(self, task: Task) -> None:
        """Task: say whether there is what the hold names. One that names nothing is taken back, and said so."""
        hold_id = str(task.payload["hold_id"])
        hold = self._hold(hold_id)
        copies = hold and Copies(self.holdings, hold)
        with self.holdings.store.transaction() as tx:
            connection = connection_of(tx)
            count = copies.count(connection) if copies else 0
            if hold and not count and hold.store and hold.kept_at is None:
                connection.execute(delete(self._holds).where(self._holds.c.hold_id == hold_id))
                self._say(tx, hold_id, NOT_FOUND)
            elif hold:
                self._say(tx, hold_id, PLACED, count)
            self.tasks.complete(tx, task)

    def _keep(self, hold: Row[Any]) -> None:
        copies = Copies(self.holdings, hold)
        files = copies.copy_objects()
        with self.holdings.store.transaction() as tx:
            connection = connection_of(tx)
            own = select(self._holds.c.hold_id).where(self._holds.c.hold_id == hold.hold_id).with_for_update()
            if connection.execute(own).first() is None:
                copies.remove_objects()  # released meanwhile
                return
            for copy in [*files, *copies.of_rows(connection), *copies.of_events(connection)]:
                self._store(connection, hold, copy)
            done = update(self._holds).where(self._holds.c.hold_id == hold.hold_id)
            connection.execute(done.values(kept_at=self.holdings.store.clock()))

    def _store(self, connection: Connection, hold: Row[Any], copy: Copy) -> None:
        context = f"{copy.store}|{copy.record_id}"
        body = self.holdings.vault.seal(account_of_hold(hold.hold_id), HOLD_PURPOSE, copy.body, context)
        row = {"hold_id": hold.hold_id, "account_id": hold.account_id, "store": copy.store}
        row |= {"record_id": copy.record_id, "categories": ",".join(copy.categories), "body": body}
        connection.execute(insert(self.holdings.store.tables.held_records), row)

    def _release(self, task: Task) -> None:
        """Task: destroy the hold's key, remove what it kept, and say so for the request that had left it."""
        hold_id = str(task.payload["hold_id"])
        hold = self._hold(hold_id)
        if hold is not None and self._is_being_erased(hold.account_id):
            raise Postpone("the account is being erased", UNTIL_ERASED_S)
        self.holdings.vault.destroy(account_of_hold(hold_id))
        if hold is not None:
            Copies(self.holdings, hold).remove_objects()
        with self.holdings.store.transaction() as tx:
            self._forget(tx, hold_id)
            self.tasks.complete(tx, task)

    def _forget(self, tx: Transaction, hold_id: str) -> None:
        connection, records = connection_of(tx), self.holdings.store.tables.held_records
        gone = delete(records).where(records.c.hold_id == hold_id)
        rows = connection.execute(gone.returning(records.c.account_id, records.c.store, records.c.categories)).all()
        connection.execute(delete(self._holds).where(self._holds.c.hold_id == hold_id))
        accounts = list({row.account_id for row in rows})
        for _, request_id in erasures_of(connection, self.holdings.events.table, accounts):
            stream, at = erasure_stream(request_id), stamp(self.holdings.store.clock())
            tx.append(stream, len(tx.read(stream)), [RecordsErased(request_id, hold_id, _lines(rows), at)])
        self._say(tx, hold_id, RELEASED, len(rows))

    def _say(self, tx: Transaction, hold_id: str, outcome: str, records: int = 0) -> None:
        stream, at = hold_stream(hold_id), stamp(self.holdings.store.clock())
        tx.append(stream, len(tx.read(stream)), [HoldAnswered(hold_id, outcome, records, at)])

    def _hold(self, hold_id: str) -> Row[Any] | None:
        with self.holdings.store.engine.connect() as connection:
            return connection.execute(select(self._holds).where(self._holds.c.hold_id == hold_id)).first()

    def _is_being_erased(self, account_id: str) -> bool:
        erased = self.holdings.store.tables.erased_accounts
        running = select(erased.c.account_id).where(erased.c.account_id == account_id, erased.c.completed_at.is_(None))
        with self.holdings.store.engine.connect() as connection:
            return connection.execute(running).first() is not None

    @property
    def _holds(self) -> Any:
        return self.holdings.store.tables.legal_holds


NAMES = ("hold_id", "account_id", "store", "record_id", "category", "basis", "until")


def _lines(rows: Sequence[Row[Any, Any, Any]]) -> list[ReceiptLine]:
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        for category in row.categories.split(","):
            counts[category, row.store] = counts.get((category, row.store), 0) + 1
    return [ReceiptLine(category, store, n, n, 0, 0) for (category, store), n in sorted(counts.items())]
