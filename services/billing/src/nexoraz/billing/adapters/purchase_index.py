"""The PurchaseIndex port over the purchases projection."""

from nexoraz.billing.application.ports import PurchaseRef
from nexoraz.billing.projections.purchases import purchase_of_intent
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction


class SqlPurchaseIndex:
    """Reads in the caller's transaction."""

    def of_intent(self, tx: Transaction, intent: str) -> PurchaseRef | None:
        found = purchase_of_intent(connection_of(tx), intent)
        return PurchaseRef(found.id, found.account_id, found.credits) if found else None
