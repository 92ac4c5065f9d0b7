"""Who was told of which version of the policy when and how, and when did they go on?"""

from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert as upsert

from nexoraz.events.event import Recorded
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.privacy.domain.policy_change import PolicyAccepted, PolicyChangeTold
from nexoraz.privacy.projections.tables import POLICY_NOTICES


class PolicyNotices:
    """Keeps one row for each way in which an account was told of a version."""

    tables = (POLICY_NOTICES,)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        t = POLICY_NOTICES
        match recorded.event:
            case PolicyChangeTold(account_id, version, how, at) if not tx.is_erased(account_id):
                row: dict[str, Any] = {"account_id": account_id, "policy_version": version, "how": how, "told_at": at}
                connection_of(tx).execute(upsert(t).values(**row).on_conflict_do_nothing())
            case PolicyAccepted(account_id, version, by, at):
                rows = update(t).where(t.c.account_id == account_id, t.c.policy_version == version)
                connection_of(tx).execute(rows.values(accepted_at=at, accepted_by=by))
            case _:
                return
