"""The retention job: what is past its term goes, record by record, as the declarations say (rules.py, declarations.py).

One for all services. It works in bounded batches, each in a transaction of its own together with the event that counts
it, so it may be killed at any time and goes on where it was; several replicas at once divide the work. What is held
(legal_holds.py) stays. Accounts whose erasure runs are left to it; of erased accounts it says what went, so that
their certificates can be amended.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection

from nexoraz.events.declarations import TableHolding, Unlinked
from nexoraz.events.desks import table
from nexoraz.events.event import Stream
from nexoraz.events.expiring import Expiring, fields_of_events, rows_of_table
from nexoraz.events.holdings import NO_TIME_LIMIT, Holdings, stamp
from nexoraz.events.protocol_events import ReceiptLine, RecordsErased, RetentionApplied, erasure_stream, erasures_of
from nexoraz.events.rules import Rule
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction, repeated

BATCH = 1_000
Begin = Callable[[Transaction, str], None]
"""Begins the erasure of one account (Participation.expire)."""


@dataclass(frozen=True, slots=True)
class Due:
    """How many records of a store are past the term of their rule by now; since when the oldest of them is."""

    rule: Rule
    store: str
    records: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Retention:
    """Applies every rule that ends by a term. The clock is the store's. batch: records per transaction."""

    holdings: Holdings
    begin: Begin
    batch: int = BATCH

    def due(self) -> list[Due]:
        """What a run would end now, store by store, those with nothing included; changes nothing."""
        found = []
        with self.holdings.store.engine.begin() as connection:
            connection.execute(NO_TIME_LIMIT)
            for each in self._expiring():
                records, since = connection.execute(each.count()).one()
                found.append(Due(each.rule, each.store, records, since and since + each.after))
        return found

    def lines(self, apply: bool) -> list[str]:
        """What is due now as a table for an operator's terminal; with `apply`, what a run did about it."""
        due = self.due()
        ended = f"{self.run()} records ended" if apply else "nothing was changed"
        rows = [
            [d.store, d.rule.name, d.rule.action, d.records, stamp(d.since) or "-", d.rule.duration, d.rule.basis]
            for d in due
        ]
        return [*table(["store", "rule", "action", "due", "since", "duration", "basis"], rows), "", ended]

    def run(self) -> int:
        """Apply all rules; how many records they ended."""
        run_id = str(uuid4())
        return sum(self._run(each, f"{run_id}-{n}") for n, each in enumerate(self._expiring()))

    def _run(self, each: Expiring, run_id: str) -> int:
        total, batches, stream = 0, 0, Stream.of("retention", run_id, "")
        while True:
            count = repeated(self.holdings.store, lambda tx, n=batches: self._apply(tx, each, stream, n))  # type: ignore[misc]
            total, batches = total + count, batches + 1
            if count < self.batch:
                return total

    def _apply(self, tx: Transaction, each: Expiring, stream: Stream, version: int) -> int:
        connection, at = connection_of(tx), self.holdings.store.clock()
        connection.execute(NO_TIME_LIMIT)
        ended = list(connection.scalars(each.end(self.batch)))
        if not ended:
            return 0
        if each.whole_account:
            for account_id in ended:
                self.begin(tx, account_id)
        else:
            self._tell_of_erased(tx, connection, each, ended, stream.name, at)
        rule = each.rule
        applied = RetentionApplied(self.holdings.service, rule.name, each.store, rule.action, len(ended), stamp(at))
        tx.append(stream, version, [applied])
        return len(ended)

    def _tell_of_erased(
        self, tx: Transaction, connection: Connection, each: Expiring, ended: Sequence[str], run: str, at: datetime
    ) -> None:
        """For each request that erased one of these accounts before: what had been kept of it and now went."""
        counts = Counter(account for account in ended if account)
        for account_id, request_id in erasures_of(connection, self.holdings.events.table, list(counts)):
            count, stream = counts[account_id], erasure_stream(request_id)
            line = ReceiptLine(each.category, each.store, count, count, 0, 0)
            erased = RecordsErased(request_id, f"{run}:{request_id}", [line], stamp(at))
            tx.append(stream, len(tx.read(stream)), [erased])

    def _expiring(self) -> Iterator[Expiring]:
        """Everything that has a term, children before parents."""
        holdings, at = self.holdings, self.holdings.store.clock()
        order = {table.name: n for n, table in enumerate(holdings.metadata.sorted_tables)}
        termed = [h for h in holdings.declared if isinstance(h, TableHolding | Unlinked) and h.ends is not None]
        for holding in sorted(termed, key=lambda h: -order[h.table.name]):
            yield rows_of_table(holdings.store.tables, holding, holdings.rules[holding.retention], at)
        for type_ in holdings.store.registry.types():
            for name, personal in sorted(type_.personal.items()):
                rule = holdings.rules[personal.retention]
                if rule.after is not None:
                    stored = f"{type_.name}.v{type_.cls.version}"
                    yield fields_of_events(holdings.store.tables, stored, name, personal.category, rule, at)
