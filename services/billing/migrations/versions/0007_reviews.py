"""Payments that are held for review, who looked at them, and the region that identity tells of an account."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_facts",
        sa.Column("account_id", sa.Text, primary_key=True),
        sa.Column("region", sa.Text, nullable=False),
    )
    op.create_table(
        "reviews",
        sa.Column("purchase_id", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("reasons", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("reviews_waiting", "reviews", ["state", "held_at", "purchase_id"])
    op.create_table(
        "looks",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("operator", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("refused", sa.Boolean, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("looks_account_id", "looks", ["account_id", "at", "id"])
