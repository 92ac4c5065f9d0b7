"""Which operator looked at what, and when? Asked by whoever it concerns, and by auditors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, insert, select, tuple_

from nexoraz.events.event import Recorded
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.privacy.domain.oversight import OperatorAccess
from nexoraz.privacy.projections.tables import ACCOUNT_ACCESSES, OPERATOR_ACCESSES


@dataclass(frozen=True, slots=True)
class AccessRecord:
    """One look. operator_id is left out towards people; request_id is "" for a look at no request in particular."""

    id: str
    action: str
    purpose: str
    refused: bool
    at: datetime
    operator_id: str = ""
    request_id: str = ""


class OperatorAccesses:
    """Keeps the looks by request, without saying whose it is, and apart from them by account."""

    tables = (OPERATOR_ACCESSES, ACCOUNT_ACCESSES)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        event = recorded.event
        if not isinstance(event, OperatorAccess):
            return
        said: dict[str, Any] = {"action": event.action, "purpose": event.purpose, "refused": event.refused}
        said["at"] = event.at
        connection = connection_of(tx)
        rows = [{"request_id": request_id} for request_id in event.requests or ("",)]
        connection.execute(
            insert(OPERATOR_ACCESSES),
            [{"id": event.access_id, "operator_id": event.operator_id, **said, **r} for r in rows],
        )
        living = [account_id for account_id in event.accounts if not tx.is_erased(account_id)]
        if living:
            own = [{"access_id": event.access_id, "account_id": account_id, **said} for account_id in living]
            connection.execute(insert(ACCOUNT_ACCESSES), own)


def accesses_of_request(connection: Connection, request_id: str) -> list[AccessRecord]:
    """Every look at a request, oldest first; who it was is told by a pseudonym."""
    t = OPERATOR_ACCESSES
    rows = connection.execute(_records(t).where(t.c.request_id == request_id).order_by(t.c.at, t.c.id))
    return [_record(row) for row in rows]


def accesses_of_account(
    connection: Connection, account_id: str, before: tuple[datetime, str] | None, limit: int
) -> Sequence[AccessRecord]:
    """The newest looks at anything of an account, behind the keyset `before`."""
    t = ACCOUNT_ACCESSES
    query = select(t.c.access_id.label("id"), t.c.action, t.c.purpose, t.c.refused, t.c.at)
    query = query.where(t.c.account_id == account_id)
    if before is not None:
        query = query.where(tuple_(t.c.at, t.c.access_id) < before)
    return [
        _record(row) for row in connection.execute(query.order_by(t.c.at.desc(), t.c.access_id.desc()).limit(limit))
    ]


def all_accesses(
    connection: Connection, operator_id: str | None, before: tuple[datetime, str, str] | None, limit: int
) -> Sequence[AccessRecord]:
    """The newest looks of all operators or one, behind the keyset `before`."""
    t = OPERATOR_ACCESSES
    query = _records(t)
    if operator_id is not None:
        query = query.where(t.c.operator_id == operator_id)
    if before is not None:
        query = query.where(tuple_(t.c.at, t.c.id, t.c.request_id) < before)
    newest = query.order_by(t.c.at.desc(), t.c.id.desc(), t.c.request_id.desc())
    return [_record(row) for row in connection.execute(newest.limit(limit))]


def _records(t: Table) -> Select[Any]:
    return select(t.c.id, t.c.action, t.c.purpose, t.c.refused, t.c.at, t.c.operator_id, t.c.request_id)


def _record(row: Row[*tuple[Any, ...]]) -> AccessRecord:
    return AccessRecord(**row._mapping)
