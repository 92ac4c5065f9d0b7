"""What operators ask: which requests are late or due, and who has not answered since when?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from nexoraz.events.event import Recorded
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.privacy.application.streams import request_id_of
from nexoraz.privacy.domain import events as e
from nexoraz.privacy.projections.requests import RequestRecord
from nexoraz.privacy.projections.tables import OBJECTIONS, PARTICIPANTS, REQUEST_PARTICIPANTS, REQUESTS


class RequestParticipants:
    """Keeps who was asked last about a request and whether that was answered. A doubtful answer is none."""

    tables = (REQUEST_PARTICIPANTS,)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        request_id = request_id_of(recorded.stream)
        match recorded.event:
            case e.ErasureAsked() | e.ScanAsked() | e.ExportAsked() as asked:
                self._asked(tx, asked)
            case e.ReceiptTaken(receipt=receipt) as taken if receipt.done:
                self._answered(tx, request_id, receipt.participant, taken.at)
            case e.ScanTaken(scan=scan) as taken if scan.clear:
                self._answered(tx, request_id, scan.participant, taken.at)
            case e.PartTaken(part=part) as taken:
                self._answered(tx, request_id, part.participant, taken.at)
            case _:
                return

    def _asked(self, tx: Transaction, asked: e.ErasureAsked | e.ScanAsked | e.ExportAsked) -> None:
        rows = [{"request_id": asked.request_id, "participant": p, "asked_at": asked.at} for p in asked.participants]
        statement = upsert(REQUEST_PARTICIPANTS).values(rows)
        again = {"asked_at": statement.excluded.asked_at, "answered_at": None}
        keys = ["request_id", "participant"]
        connection_of(tx).execute(statement.on_conflict_do_update(index_elements=keys, set_=again))

    def _answered(self, tx: Transaction, request_id: str | None, participant: str, at: datetime) -> None:
        t = REQUEST_PARTICIPANTS
        row = update(t).where(t.c.request_id == request_id, t.c.participant == participant)
        connection_of(tx).execute(row.values(answered_at=at))


class Objections:
    """Keeps what an account objects to."""

    tables = (OBJECTIONS,)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        event = recorded.event
        if isinstance(event, e.ObjectionRecorded) and not tx.is_erased(event.account_id):
            row: dict[str, Any] = {"account_id": event.account_id, "purpose": event.purpose, "recorded_at": event.at}
            connection_of(tx).execute(upsert(OBJECTIONS).values(**row).on_conflict_do_nothing())


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests an operator wants to see; None: whatever it is. due_before: active ones with such a deadline.
    participant: those that wait for an answer of this one."""

    state: str | None = None
    type: str | None = None
    due_before: datetime | None = None
    participant: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        r, p = REQUESTS.c, REQUEST_PARTICIPANTS.c
        found: list[ColumnElement[bool]] = []
        if self.state is not None:
            found.append(r.state == self.state)
        if self.type is not None:
            found.append(r.type == self.type)
        if self.due_before is not None:
            found += [r.ended_at.is_(None), r.deadline_at <= self.due_before]
        if self.participant is not None:
            silent = exists().where(p.request_id == r.id, p.participant == self.participant, p.answered_at.is_(None))
            found += [r.ended_at.is_(None), silent]
        return found


def wanted_requests(
    connection: Connection, wanted: Wanted, after: tuple[datetime, str] | None, limit: int
) -> Sequence[RequestRecord]:
    """The next `limit` requests behind the keyset `after`, the ones that are due first first."""
    query = select(REQUESTS).where(*wanted.conditions())
    if after is not None:
        query = query.where(tuple_(REQUESTS.c.deadline_at, REQUESTS.c.id) > after)
    rows = connection.execute(query.order_by(REQUESTS.c.deadline_at, REQUESTS.c.id).limit(limit))
    return [RequestRecord(**row._mapping) for row in rows]


@dataclass(frozen=True, slots=True)
class ParticipantRecord:
    """One participant. unanswered: active requests that wait for it; since: when the first of them was asked."""

    name: str
    announced_at: datetime
    unanswered: int
    since: datetime | None


def participant_records(connection: Connection) -> list[ParticipantRecord]:
    """All that announced themselves, with what they owe."""
    p, open_ = PARTICIPANTS.c, REQUEST_PARTICIPANTS.c
    owed = (
        select(open_.participant, func.count().label("unanswered"), func.min(open_.asked_at).label("since"))
        .join(REQUESTS, REQUESTS.c.id == open_.request_id)
        .where(open_.answered_at.is_(None), REQUESTS.c.ended_at.is_(None))
        .group_by(open_.participant)
        .subquery()
    )
    query = select(p.name, p.announced_at, func.coalesce(owed.c.unanswered, 0).label("unanswered"), owed.c.since)
    rows = connection.execute(query.outerjoin(owed, owed.c.participant == p.name).order_by(p.name))
    return [ParticipantRecord(**row._mapping) for row in rows]
