"""Where billing holds what about an account, and how long: the declarations behind erasure, export and the data map."""

from datetime import timedelta
from typing import Any

from nexoraz.billing.projections.tables import (
    ACCOUNT_FACTS,
    ALLOWANCES,
    AUTH,
    CREDIT_ACCOUNTS,
    IDEMPOTENCY,
    LEDGER,
    LOOKS,
    POSTINGS,
    PURCHASES,
    REFUNDS,
    REVIEWS,
    SUBSCRIPTIONS,
)
from nexoraz.events.access import access_holdings
from nexoraz.events.declarations import Holding, Retained, TableHolding
from nexoraz.events.rules import Rule

TAX_TERM = timedelta(days=3653)
"""Ten years: the longest term for accounting records among the countries served (clause R1)."""

TAX_LAW = "legal-obligation: accounting records (GDPR Art. 17(3)(b))"
BILLING_RECORDS = Rule(
    "billing-records", "to account for what was sold", TAX_LAW,
    "ten years after the payment; unpaid ones as long as the account", "term",
)  # fmt: skip
RULES = (BILLING_RECORDS,)


def _own(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "account_id"}


def _look(row: dict[str, Any]) -> dict[str, Any]:
    """Staff are persons too: who it was is not told."""
    return {key: value for key, value in row.items() if key not in ("account_id", "operator")}


HELD: list[Holding] = [
    TableHolding(CREDIT_ACCOUNTS, category="user.account"),
    TableHolding(LEDGER, category="user.account", present=_own),
    TableHolding(POSTINGS, category="user.account", present=_own),
    TableHolding(
        PURCHASES,
        category="user.financial",
        retention=BILLING_RECORDS.name,
        present=_own,
        retained=Retained(TAX_LAW, until=PURCHASES.c.paid_at + TAX_TERM, where=PURCHASES.c.state == "paid"),
    ),
    TableHolding(
        REFUNDS,
        category="user.financial",
        retention="billing-records",
        present=_own,
        retained=Retained(TAX_LAW, until=REFUNDS.c.started_at + TAX_TERM, where=REFUNDS.c.state != "failed"),
    ),
    TableHolding(SUBSCRIPTIONS, category="user.account", present=_own),
    TableHolding(ACCOUNT_FACTS, category="user.account", present=_own),
    TableHolding(REVIEWS, category="user.financial", present=_own),
    TableHolding(LOOKS, category="user.account", present=_look),
    *access_holdings(IDEMPOTENCY, AUTH.revocations, ALLOWANCES, AUTH.verification_keys),
]
