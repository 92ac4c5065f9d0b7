"""How many credits has this account, and how did it come to that? (clauses C1, C5)"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from nexoraz.billing.domain.events import CreditsAdded, CreditsReleased, CreditsReserved, CreditsSpent
from nexoraz.billing.projections.tables import CREDIT_ACCOUNTS, LEDGER
from nexoraz.events.append import Driver
from nexoraz.events.event import Recorded
from nexoraz.events.prepared import Prepared
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction


@dataclass(frozen=True, slots=True)
class Balance:
    """balance: credits free to reserve. reserved: credits set aside for renders that run."""

    balance: int
    reserved: int


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
    """Applies credit events: the balance of each account and its append-only ledger."""

    tables = (CREDIT_ACCOUNTS, LEDGER)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        match recorded.event:
            case CreditsAdded() as e:
                self._move(tx, recorded, "purchase", e.purchase_id, e.credits, 0)
            case CreditsReserved() as e:
                self._move(tx, recorded, "reservation", e.job_id, -e.credits, e.credits)
            case CreditsReleased() as e:
                self._move(tx, recorded, "release", e.job_id, e.credits, -e.credits)
            case CreditsSpent() as e:
                self._move(tx, recorded, "spending", e.job_id, 0, -e.credits)
            case _:
                return

    def _move(
        self, tx: Transaction, recorded: Recorded, kind: str, reference: str, balance: int, reserved: int
    ) -> None:
        account_id, connection, table = recorded.stream.account_id, connection_of(tx), CREDIT_ACCOUNTS
        connection.execute(upsert(table).values(account_id=account_id, balance=0, reserved=0).on_conflict_do_nothing())
        moved = (
            update(table)
            .where(table.c.account_id == account_id)
            .values(
                balance=table.c.balance + balance,
                reserved=table.c.reserved + reserved,
                entries=table.c.entries + 1,
            )
            .returning(table.c.balance, table.c.entries)
        )
        after = connection.execute(moved).one()
        entry = {"account_id": account_id, "entry": after.entries, "at": recorded.occurred_at}
        entry |= {"kind": kind, "reference": reference, "credits": balance, "balance": after.balance}
        connection.execute(insert(LEDGER).values(entry))


_BALANCE = Prepared(
    select(CREDIT_ACCOUNTS.c.balance, CREDIT_ACCOUNTS.c.reserved).where(
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
