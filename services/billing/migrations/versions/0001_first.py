"""Credits, their ledger, purchases; the kernel's and the chassis's tables."""

import sqlalchemy as sa
from alembic import op

from nexoraz.events.migrations import create_kernel_tables_v1
from nexoraz.service.migrate import create_chassis_tables_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_kernel_tables_v1(op)
    create_chassis_tables_v1(op)
    op.create_table(
        "credit_accounts",
        sa.Column("account_id", sa.Text, primary_key=True),
        sa.Column("balance", sa.Integer, nullable=False),
        sa.Column("reserved", sa.Integer, nullable=False),
    )
    op.create_table(
        "ledger",
        sa.Column("entry", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("credits", sa.Integer, nullable=False),
        sa.Column("balance", sa.Integer, nullable=False),
        sa.UniqueConstraint("account_id", "kind", "reference"),
    )
    op.create_index("ledger_account_id", "ledger", ["account_id", "entry"])
    op.create_table(
        "purchases",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("pack", sa.Text, nullable=False),
        sa.Column("credits", sa.Integer, nullable=False),
        sa.Column("amount", sa.Integer, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("payment_intent", sa.Text, nullable=False, unique=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True)),
    )
    op.create_index("purchases_account_id", "purchases", ["account_id", "started_at", "id"])
