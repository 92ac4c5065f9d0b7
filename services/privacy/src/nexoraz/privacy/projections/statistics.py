"""How many requests of which type ended how, and how long did they take? For a transparency report."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from nexoraz.privacy.projections.tables import REQUESTS

SMALLEST_GROUP = 10


@dataclass(frozen=True, slots=True)
class RequestTotal:
    """year: in which they were received. median_days: from receipt to end; None while none of them has ended."""

    year: int
    type: str
    state: str
    requests: int
    median_days: float | None


def request_totals(connection: Connection) -> list[RequestTotal]:
    """By year, type and state; groups below SMALLEST_GROUP are left out."""
    t = REQUESTS.c
    year = func.extract("year", func.timezone("UTC", t.received_at))
    days = func.extract("epoch", t.ended_at - t.received_at) / 86_400
    median = func.percentile_cont(0.5).within_group(days)
    query = select(year, t.type, t.state, func.count(), median).group_by(year, t.type, t.state)
    rows = connection.execute(query.having(func.count() >= SMALLEST_GROUP).order_by(year, t.type, t.state))
    return [
        RequestTotal(int(y), type_, state, count, None if middle is None else round(float(middle), 2))
        for y, type_, state, count, middle in rows
    ]
