"""What billing tells of an account's plan and credits, for the profile (clause C1). billing owns them: this is a copy
that follows its facts in their order, each applied once."""

from sqlalchemy import Integer, MetaData, Table, Text, select
from sqlalchemy.dialects.postgresql import insert

from nexoraz.events.columns import operational, pseudonym
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.identity.application.standings import Standing


def standings_table(metadata: MetaData) -> Table:
    return Table(
        "standings",
        metadata,
        pseudonym("account_id", Text, primary_key=True),
        operational("plan", Text, nullable=False),
        operational("credits", Integer, nullable=False),
        operational("changes", Integer, nullable=False),
    )


class SqlStandings:
    """See standings.Standings."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def of(self, tx: Transaction, account_id: str) -> Standing:
        t = self._table
        row = connection_of(tx).execute(select(t).where(t.c.account_id == account_id)).first()
        return Standing(row.plan, row.credits, row.changes) if row else Standing()

    def set_plan(self, tx: Transaction, account_id: str, plan: str) -> None:
        self._upsert(tx, account_id, {"plan": plan}, 0)

    def add_credits(self, tx: Transaction, account_id: str, credits: int) -> None:
        self._upsert(tx, account_id, {}, credits)

    def _upsert(self, tx: Transaction, account_id: str, plan: dict[str, str], credits: int) -> None:
        if tx.is_erased(account_id):
            return
        t = self._table
        fresh = {"account_id": account_id, "plan": Standing().plan, "credits": credits, "changes": 1} | plan
        moved = {"credits": t.c.credits + credits, "changes": t.c.changes + 1, **plan}
        connection_of(tx).execute(
            insert(t).values(fresh).on_conflict_do_update(index_elements=["account_id"], set_=moved)
        )
