"""What came without a sign-in, and what became of it?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, tuple_, update

from nexoraz.events.event import Recorded
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.privacy.domain import referral as r
from nexoraz.privacy.projections.tables import REFERRALS

STATES: dict[object, r.ReferralState] = {
    r.ReferralConfirmed: r.ReferralState.CONFIRMED,
    r.ReferralAnswered: r.ReferralState.ANSWERED,
    r.ReferralRevoked: r.ReferralState.REVOKED,
    r.ReferralDenied: r.ReferralState.DENIED,
}


@dataclass(frozen=True, slots=True)
class ReferralRecord:
    id: str
    source: str
    sender: str
    foreign_id: str
    about: str
    state: str
    received_at: datetime
    due_at: datetime


class ReferralRecords:
    """Keeps one row for each, without saying whose it is."""

    tables = (REFERRALS,)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        event = recorded.event
        if isinstance(event, r.ReferralReceived):
            row: dict[str, Any] = {"id": event.referral_id, "source": event.source, "sender": event.sender}
            row |= {"foreign_id": event.foreign_id, "about": event.about, "state": r.ReferralState.OPEN}
            connection_of(tx).execute(insert(REFERRALS).values(received_at=event.at, due_at=event.due_at, **row))
        elif type(event) in STATES:
            row_of = update(REFERRALS).where(REFERRALS.c.id == event.referral_id)
            connection_of(tx).execute(row_of.values(state=STATES[type(event)]))


def waiting_referrals(
    connection: Connection, after: tuple[datetime, str] | None, limit: int
) -> Sequence[ReferralRecord]:
    """What is open, the ones that are due first first."""
    query = select(REFERRALS).where(REFERRALS.c.state == r.ReferralState.OPEN)
    if after is not None:
        query = query.where(tuple_(REFERRALS.c.due_at, REFERRALS.c.id) > after)
    rows = connection.execute(query.order_by(REFERRALS.c.due_at, REFERRALS.c.id).limit(limit))
    return [ReferralRecord(**row._mapping) for row in rows]
