"""Which legal holds are there, and what did the retention rules end? (clause R1)"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from nexoraz.events.event import Recorded
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.privacy.domain.events import RetentionNoted
from nexoraz.privacy.domain.hold import LIVE, HoldConfirmed, HoldPlaced, HoldReleased, HoldState
from nexoraz.privacy.projections.tables import HOLDS, RETENTION


class KeyedHash(Protocol):
    def keyed_hash(self, purpose: str, value: str) -> str: ...


@dataclass(frozen=True, slots=True)
class HoldRecord:
    """A hold as it stands, without whose it is."""

    id: str
    participant: str
    store: str
    record_id: str
    category: str
    basis: str
    until: datetime
    told: bool
    state: str
    outcome: str
    records: int
    placed_at: datetime
    ended_at: datetime | None


class Holds:
    """One row per hold. Whose it is stands there as a keyed hash: recognised, and no trace of an erased account. It is
    also the port HoldBook."""

    tables = (HOLDS,)

    def __init__(self, hashes: KeyedHash) -> None:
        self._hashes = hashes

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        match recorded.event:
            case HoldPlaced() as e:
                row = {name: getattr(e, name) for name in SAME} | {"id": e.hold_id, "placed_at": e.at}
                row |= {"account_hash": self._hash(e.account_id), "state": HoldState.ASKED}
                connection_of(tx).execute(insert(HOLDS).values(**row))
            case HoldReleased() as e:
                self._change(tx, e.hold_id, state=HoldState.ENDING, ended_at=e.at)
            case HoldConfirmed(hold_id, "released", _, at):
                self._change(tx, hold_id, state=HoldState.RELEASED, ended_at=at)
            case HoldConfirmed(hold_id, outcome, records, _):
                state = HoldState.PLACED if outcome == "placed" else HoldState.REFUSED
                self._change(tx, hold_id, state=state, outcome=outcome, records=records)
            case _:
                return

    def unanswered(self, tx: Transaction, account_id: str) -> bool:
        asked = select(HOLDS.c.id).where(HOLDS.c.account_hash == self._hash(account_id), HOLDS.c.state == "asked")
        return connection_of(tx).execute(asked.limit(1)).first() is not None

    def expired(self, tx: Transaction, at: datetime) -> Sequence[str]:
        over = select(HOLDS.c.id).where(HOLDS.c.state.in_(LIVE), HOLDS.c.until <= at)
        return list(connection_of(tx).scalars(over.order_by(HOLDS.c.until)))

    def told_to(self, connection: Connection, account_id: str) -> list[HoldRecord]:
        """The holds in force that the person of the account may know of."""
        own = HOLDS.c.account_hash == self._hash(account_id)
        return _records(connection, own & HOLDS.c.told & HOLDS.c.state.in_(LIVE))

    def _hash(self, account_id: str) -> str:
        return self._hashes.keyed_hash("hold", account_id)

    def _change(self, tx: Transaction, hold_id: str, **values: object) -> None:
        connection_of(tx).execute(update(HOLDS).where(HOLDS.c.id == hold_id).values(**values))


SAME = ("participant", "store", "record_id", "category", "basis", "until", "told")


def all_holds(connection: Connection, states: Sequence[str], limit: int) -> list[HoldRecord]:
    """The newest holds in one of these states."""
    return _records(connection, HOLDS.c.state.in_(states), limit)


def hold_of(connection: Connection, hold_id: str) -> HoldRecord | None:
    return next(iter(_records(connection, HOLDS.c.id == hold_id)), None)


def _records(connection: Connection, which: Any, limit: int = 1_000) -> list[HoldRecord]:
    columns = [column for column in HOLDS.columns if column.name != "account_hash"]
    query = select(*columns).where(which).order_by(HOLDS.c.placed_at.desc(), HOLDS.c.id).limit(limit)
    return [HoldRecord(**row._mapping) for row in connection.execute(query)]


class RetentionReport:
    """What each rule ended in each store of each service, all in all and the last time."""

    tables = (RETENTION,)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        e = recorded.event
        if not isinstance(e, RetentionNoted):
            return
        row: dict[str, Any] = {"participant": e.participant, "rule": e.rule, "store": e.store, "action": e.action}
        first = upsert(RETENTION).values(**row, records=e.records, last_records=e.records, last_at=e.applied_at)
        keys = [RETENTION.c.participant, RETENTION.c.rule, RETENTION.c.store]
        again = {"records": RETENTION.c.records + e.records, "last_records": e.records, "last_at": e.applied_at}
        connection_of(tx).execute(first.on_conflict_do_update(index_elements=keys, set_=again))


def retention_report(connection: Connection) -> list[dict[str, Any]]:
    query = select(RETENTION).order_by(RETENTION.c.participant, RETENTION.c.store, RETENTION.c.rule)
    return [dict(row) for row in connection.execute(query).mappings()]
