"""How many credits has this account, and how did it come to that? (clauses C1, C5)"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from nexoraz.billing.domain.books import Entry as BookEntry
from nexoraz.billing.domain.books import entry_of
from nexoraz.billing.projections.tables import CREDIT_ACCOUNTS, LEDGER, POSTINGS
from nexoraz.events.append import Driver
from nexoraz.events.event import Recorded
from nexoraz.events.prepared import Prepared
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction


@dataclass(frozen=True, slots=True)
class Balance:
    """balance: credits free to reserve. reserved: credits set aside for renders that run. held: credits of payments
    that are reviewed."""

    balance: int
    reserved: int
    held: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger. entry: counts the account's lines from 1. credits: signed change of the balance.
    reference: the purchase or the job."""

    entry: int
    at: datetime
    kind: str
    reference: str
    credits: int
    balance: int


class CreditAccounts:
    """Applies credit events: the balance of each account and its append-only ledger, with both lines of each entry."""

    tables = (CREDIT_ACCOUNTS, LEDGER, POSTINGS)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        entry = entry_of(recorded.event)
        if entry is None:
            return
        account_id, connection = recorded.stream.account_id, connection_of(tx)
        after = self._move(connection, account_id, entry)
        line = {"account_id": account_id, "entry": after.entries}
        told = {"at": recorded.occurred_at, "kind": entry.kind, "reference": entry.reference}
        told |= {"credits": entry.change_of("free"), "balance": after.balance}
        connection.execute(insert(LEDGER).values(line | told))
        connection.execute(
            insert(POSTINGS), [line | {"book": book, "credits": credits} for book, credits in entry.postings()]
        )

    def _move(self, connection: Connection, account_id: str, entry: BookEntry) -> Row[tuple[Any, ...]]:
        t = CREDIT_ACCOUNTS
        connection.execute(upsert(t).values(account_id=account_id, balance=0, reserved=0).on_conflict_do_nothing())
        moved = {
            "balance": t.c.balance + entry.change_of("free"),
            "reserved": t.c.reserved + entry.change_of("reserved"),
            "held": t.c.held + entry.change_of("held"),
            "entries": t.c.entries + 1,
        }
        own = update(t).where(t.c.account_id == account_id).values(moved)
        return connection.execute(own.returning(t.c.balance, t.c.entries)).one()


_BALANCE = Prepared(
    select(CREDIT_ACCOUNTS.c.balance, CREDIT_ACCOUNTS.c.reserved, CREDIT_ACCOUNTS.c.held).where(
        CREDIT_ACCOUNTS.c.account_id == bindparam("account_id")
    )
)


def balance_of(connection: Connection | Driver, account_id: str) -> Balance:
    """Zero for an account that never bought anything."""
    row = _BALANCE.first(connection, account_id=account_id)
    return Balance(*row) if row else Balance(0, 0)


def entries_of(connection: Connection, account_id: str, before: int | None, limit: int) -> Sequence[Entry]:
    """The newest `limit` entries older than entry number `before`."""
    query = select(LEDGER).where(LEDGER.c.account_id == account_id)
    if before is not None:
        query = query.where(LEDGER.c.entry < before)
    rows = connection.execute(query.order_by(LEDGER.c.entry.desc()).limit(limit))
    return [Entry(r.entry, r.at, r.kind, r.reference, r.credits, r.balance) for r in rows]
