"""Which payments wait for a review, and who looked at whose?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, tuple_, update

from nexoraz.billing.domain.events import OperatorLooked, PurchaseHeld, ReviewDecided
from nexoraz.billing.projections.tables import LOOKS, REVIEWS
from nexoraz.events.event import Recorded
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction


@dataclass(frozen=True, slots=True)
class Review:
    """reasons: the rules that held it, with commas. state: held, released or refused."""

    purchase_id: str
    account_id: str
    reasons: str
    state: str
    held_at: datetime


@dataclass(frozen=True, slots=True)
class LookRecord:
    """One look at an account's payments."""

    id: str
    action: str
    purpose: str
    refused: bool
    at: datetime


class Reviews:
    """Keeps the queue, and the looks by account."""

    tables = (REVIEWS, LOOKS)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        connection = connection_of(tx)
        match recorded.event:
            case PurchaseHeld() as e:
                row = {"purchase_id": e.purchase_id, "account_id": e.account_id, "reasons": e.reasons}
                connection.execute(insert(REVIEWS).values(row | {"held_at": e.held_at, "state": "held"}))
            case ReviewDecided() as e:
                state = "released" if e.released else "refused"
                own = update(REVIEWS).where(REVIEWS.c.purchase_id == e.purchase_id)
                connection.execute(own.values(state=state))
            case OperatorLooked() as e:
                row = {"id": e.look_id, "account_id": e.account_id, "operator": e.operator, "action": e.action}
                connection.execute(insert(LOOKS).values(row | {"purpose": e.purpose, "refused": e.refused, "at": e.at}))
            case _:
                return


def waiting_reviews(connection: Connection, after: tuple[datetime, str] | None, limit: int) -> Sequence[Review]:
    """Those that wait longest first, behind the keyset `after`."""
    t = REVIEWS
    query = select(t).where(t.c.state == "held")
    if after is not None:
        query = query.where(tuple_(t.c.held_at, t.c.purchase_id) > after)
    rows = connection.execute(query.order_by(t.c.held_at, t.c.purchase_id).limit(limit))
    return [Review(**row._mapping) for row in rows]


def find_review(connection: Connection, purchase_id: str) -> Review | None:
    row = connection.execute(select(REVIEWS).where(REVIEWS.c.purchase_id == purchase_id)).first()
    return Review(**row._mapping) if row else None


def looks_at(
    connection: Connection, account_id: str, before: tuple[datetime, str] | None, limit: int
) -> Sequence[LookRecord]:
    """The newest looks at an account's payments, behind the keyset `before`; who it was is not told to the person."""
    t = LOOKS
    query = select(t.c.id, t.c.action, t.c.purpose, t.c.refused, t.c.at).where(t.c.account_id == account_id)
    if before is not None:
        query = query.where(tuple_(t.c.at, t.c.id) < before)
    rows = connection.execute(query.order_by(t.c.at.desc(), t.c.id.desc()).limit(limit))
    return [LookRecord(**row._mapping) for row in rows]
