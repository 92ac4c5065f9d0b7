"""Where billing holds what about an account, and how long: the declarations behind erasure, export and the data map."""

from datetime import timedelta
from typing import Any

from nexoraz.billing.projections.tables import AUTH, CREDIT_ACCOUNTS, IDEMPOTENCY, LEDGER, PURCHASES
from nexoraz.events.declarations import Retained, TableHolding

TAX_TERM = timedelta(days=3653)
"""Ten years: the longest term for accounting records among the countries served (clause R1)."""

TAX_LAW = "legal-obligation: accounting records (GDPR Art. 17(3)(b))"


def _purchase(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "account_id"}


HELD = [
    TableHolding(CREDIT_ACCOUNTS, category="user.account"),
    TableHolding(LEDGER, category="user.account", present=_purchase),
    TableHolding(
        PURCHASES,
        category="user.financial",
        retention="billing-records",
        present=_purchase,
        retained=Retained(TAX_LAW, until=PURCHASES.c.paid_at + TAX_TERM, where=PURCHASES.c.state == "paid"),
    ),
    TableHolding(IDEMPOTENCY, category="user.behavior", present=None, reason="copies of answers, gone after a day"),
    TableHolding(
        AUTH.revocations,
        category="user.unique_id.pseudonymous",
        account_column="subject",
        present=None,
        reason="refuses the tokens of the erased",
        retained=Retained("tokens of the erased stay refused", until=AUTH.revocations.c.at + timedelta(days=1)),
    ),
]
