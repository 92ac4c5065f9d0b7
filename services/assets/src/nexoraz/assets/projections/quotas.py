"""Which plan has this account, and how much of it is used?"""

from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from nexoraz.assets.domain.events import PlanNoted
from nexoraz.assets.domain.quota import FREE, Amount, judge
from nexoraz.assets.projections.tables import PHOTOS, PLANS
from nexoraz.events.event import Recorded
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction


class Quotas:
    """One row per account that has kept something or has a plan. The Quota port."""

    tables = (PLANS,)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        match recorded.event:
            case PlanNoted() as e:
                connection_of(tx).execute(delete(PLANS).where(PLANS.c.account_id == e.account_id))
                connection_of(tx).execute(insert(PLANS).values(account_id=e.account_id, plan=e.plan))
            case _:
                return

    def check(self, tx: Transaction, account_id: str) -> None:
        """Raises QuotaExhausted when more is kept than the plan allows, what `tx` adds included. Until `tx` ends nobody
        else is told for this account: two uploads at once do not both get the last place."""
        connection = connection_of(tx)
        row = upsert(PLANS).values(account_id=account_id, plan=FREE).on_conflict_do_nothing()
        connection.execute(row)
        locked = select(PLANS.c.plan).where(PLANS.c.account_id == account_id).with_for_update()
        judge(connection.scalars(locked).one(), self.used(connection, account_id))

    def plan(self, connection: Connection, account_id: str) -> str:
        found = connection.scalars(select(PLANS.c.plan).where(PLANS.c.account_id == account_id)).first()
        return FREE if found is None else str(found)

    def used(self, connection: Connection, account_id: str) -> Amount:
        """What lies in the bin included."""
        kept = select(func.count(), func.coalesce(func.sum(PHOTOS.c.size), 0)).where(PHOTOS.c.account_id == account_id)
        photos, size = connection.execute(kept).one()
        return Amount(int(photos), int(size))
