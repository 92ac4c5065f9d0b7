"""What does each person allow?"""

from typing import Any

from sqlalchemy.dialects.postgresql import insert as upsert

from nexoraz.events.event import Recorded
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.privacy.domain.consent import ConsentDecided
from nexoraz.privacy.projections.tables import CONSENTS


class ConsentRecords:
    """Keeps the last decision of each person about each purpose."""

    tables = (CONSENTS,)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        event = recorded.event
        if not isinstance(event, ConsentDecided) or tx.is_erased(event.account_id):
            return
        said: dict[str, Any] = {
            "decision": event.decision,
            "policy_version": event.policy_version,
            "indicated_by": event.indicated_by,
            "receipt_id": event.receipt_id,
            "decided_at": event.at,
        }
        row = upsert(CONSENTS).values(account_id=event.account_id, purpose=event.purpose, **said)
        connection_of(tx).execute(row.on_conflict_do_update(index_elements=["account_id", "purpose"], set_=said))
