"""Every table of billing's database. The purchases are the billing records that the law wants kept (clause R1)."""

from sqlalchemy import Boolean, DateTime, Index, Integer, MetaData, Table, Text, UniqueConstraint

from nexoraz.events.columns import operational, pseudonym
from nexoraz.events.schema import KernelTables
from nexoraz.service.auth import auth_tables
from nexoraz.service.idempotency import idempotency_table
from nexoraz.service.tables import allowances_table

STAMP = DateTime(timezone=True)

METADATA = MetaData()
KERNEL = KernelTables(METADATA)
AUTH = auth_tables(METADATA)
IDEMPOTENCY = idempotency_table(METADATA)
ALLOWANCES = allowances_table(METADATA)

CREDIT_ACCOUNTS = Table(
    "credit_accounts",
    METADATA,
    pseudonym("account_id", Text, primary_key=True),
    operational("balance", Integer, nullable=False),
    operational("reserved", Integer, nullable=False),
    operational("entries", Integer, nullable=False, server_default="0"),
    operational("held", Integer, nullable=False, server_default="0"),
)

LEDGER = Table(
    "ledger",
    METADATA,
    pseudonym("account_id", Text, primary_key=True),
    operational("entry", Integer, primary_key=True, autoincrement=False),
    operational("at", STAMP, nullable=False),
    operational("kind", Text, nullable=False),
    pseudonym("reference", Text, nullable=False),
    operational("credits", Integer, nullable=False),
    operational("balance", Integer, nullable=False),
    UniqueConstraint("account_id", "kind", "reference"),
)

POSTINGS = Table(
    "postings",
    METADATA,
    pseudonym("account_id", Text, primary_key=True),
    operational("entry", Integer, primary_key=True, autoincrement=False),
    operational("book", Text, primary_key=True),
    operational("credits", Integer, nullable=False),
)
"""The two lines of each entry of the ledger; PostgreSQL refuses a commit in which they are not zero together, and every
change of a line (migration 0004)."""

PURCHASES = Table(
    "purchases",
    METADATA,
    pseudonym("id", Text, primary_key=True),
    pseudonym("account_id", Text, nullable=False),
    operational("pack", Text, nullable=False),
    operational("credits", Integer, nullable=False),
    operational("amount", Integer, nullable=False),
    operational("currency", Text, nullable=False),
    pseudonym("payment_intent", Text, nullable=False, unique=True),
    operational("state", Text, nullable=False),
    operational("reason", Text, nullable=False, server_default=""),
    operational("started_at", STAMP, nullable=False),
    operational("paid_at", STAMP),
    operational("refunded", Integer, nullable=False, server_default="0"),
    operational("review", Text, nullable=False, server_default=""),
    Index("purchases_account_id", "account_id", "started_at", "id"),
)

SUBSCRIPTIONS = Table(
    "subscriptions",
    METADATA,
    pseudonym("account_id", Text, primary_key=True),
    pseudonym("customer", Text, nullable=False, unique=True),
    pseudonym("subscription", Text, nullable=False, server_default=""),
    operational("state", Text, nullable=False, server_default="none"),
    operational("plan", Text, nullable=False, server_default="free"),
    operational("next_plan", Text, nullable=False, server_default=""),
    operational("until", STAMP),
    operational("cancels", Boolean, nullable=False, server_default="false"),
    operational("version", Integer, nullable=False),
)
"""customer, subscription: Stripe's ids. Whoever deletes the account at Stripe finds the customer here."""

REFUNDS = Table(
    "refunds",
    METADATA,
    pseudonym("id", Text, primary_key=True),
    pseudonym("account_id", Text, nullable=False),
    pseudonym("purchase_id", Text, nullable=False),
    pseudonym("refund", Text, nullable=False, server_default=""),
    operational("kind", Text, nullable=False),
    operational("credits", Integer, nullable=False),
    operational("amount", Integer, nullable=False),
    operational("state", Text, nullable=False),
    operational("reason", Text, nullable=False, server_default=""),
    operational("started_at", STAMP, nullable=False),
    Index("refunds_purchase_id", "purchase_id"),
    Index("refunds_account_id", "account_id"),
)
"""refund: Stripe's id. kind: own, refund (at Stripe's dashboard) or dispute (a chargeback)."""

ACCOUNT_FACTS = Table(
    "account_facts",
    METADATA,
    pseudonym("account_id", Text, primary_key=True),
    operational("region", Text, nullable=False),
)
"""What identity tells of an account: the region in which its data lives."""

REVIEWS = Table(
    "reviews",
    METADATA,
    pseudonym("purchase_id", Text, primary_key=True),
    pseudonym("account_id", Text, nullable=False),
    operational("reasons", Text, nullable=False),
    operational("state", Text, nullable=False),
    operational("held_at", STAMP, nullable=False),
    Index("reviews_waiting", "state", "held_at", "purchase_id"),
)

LOOKS = Table(
    "looks",
    METADATA,
    pseudonym("id", Text, primary_key=True),
    pseudonym("account_id", Text, nullable=False),
    pseudonym("operator", Text, nullable=False),
    operational("action", Text, nullable=False),
    operational("purpose", Text, nullable=False),
    operational("refused", Boolean, nullable=False),
    operational("at", STAMP, nullable=False),
    Index("looks_account_id", "account_id", "at", "id"),
)
"""operator: a keyed pseudonym, which leads to no account without the vault's key."""
