"""Uses by account while they are allowed, and totals that belong to nobody."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import BigInteger, Date, DateTime, Integer, MetaData, Table, Text, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from nexoraz.events.columns import operational, pseudonym
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.identity.application.usage import Total


def analytics_consents_table(metadata: MetaData) -> Table:
    return Table(
        "analytics_consents",
        metadata,
        pseudonym("account_id", Text, primary_key=True),
        operational("since", DateTime(timezone=True), nullable=False, server_default=func.now()),
    )


def usage_table(metadata: MetaData) -> Table:
    return Table(
        "usage",
        metadata,
        pseudonym("account_id", Text, primary_key=True),
        operational("day", Date, primary_key=True),
        operational("feature", Text, primary_key=True),
        operational("uses", Integer, nullable=False),
    )


def usage_totals_table(metadata: MetaData) -> Table:
    return Table(
        "usage_totals",
        metadata,
        operational("day", Date, primary_key=True),
        operational("feature", Text, primary_key=True),
        operational("accounts", Integer, nullable=False),
        operational("uses", BigInteger, nullable=False),
    )


class SqlUsage:
    """See usage.UsageBook."""

    def __init__(self, consents: Table, usage: Table, totals: Table) -> None:
        self._consents = consents
        self._usage = usage
        self._totals = totals

    def allow(self, tx: Transaction, account_id: str) -> None:
        row = insert(self._consents).values(account_id=account_id)
        connection_of(tx).execute(row.on_conflict_do_nothing())

    def forbid(self, tx: Transaction, account_id: str) -> None:
        connection_of(tx).execute(delete(self._consents).where(self._consents.c.account_id == account_id))

    def is_allowed(self, tx: Transaction, account_id: str) -> bool:
        own = select(self._consents.c.since).where(self._consents.c.account_id == account_id)
        return connection_of(tx).execute(own.with_for_update(read=True)).first() is not None

    def count(self, tx: Transaction, account_id: str, feature: str, day: date) -> None:
        t = self._usage
        own = insert(t).values(account_id=account_id, day=day, feature=feature, uses=1)
        keys = ["account_id", "day", "feature"]
        grown = own.on_conflict_do_update(index_elements=keys, set_={"uses": t.c.uses + 1}).returning(t.c.uses)
        first = connection_of(tx).execute(grown).scalar_one() == 1
        t = self._totals
        total = insert(t).values(day=day, feature=feature, accounts=1, uses=1)
        more = {"accounts": t.c.accounts + int(first), "uses": t.c.uses + 1}
        connection_of(tx).execute(total.on_conflict_do_update(index_elements=["day", "feature"], set_=more))

    def totals(self, tx: Transaction, since: date) -> Sequence[Total]:
        t = self._totals
        rows = connection_of(tx).execute(select(t).where(t.c.day >= since).order_by(t.c.day.desc(), t.c.feature))
        return [Total(**row._mapping) for row in rows]
