"""Plans: which customer of Stripe an account is, and how its subscription stands."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("account_id", sa.Text, primary_key=True),
        sa.Column("customer", sa.Text, nullable=False, unique=True),
        sa.Column("subscription", sa.Text, nullable=False, server_default=""),
        sa.Column("state", sa.Text, nullable=False, server_default="none"),
        sa.Column("plan", sa.Text, nullable=False, server_default="free"),
        sa.Column("next_plan", sa.Text, nullable=False, server_default=""),
        sa.Column("until", sa.DateTime(timezone=True)),
        sa.Column("cancels", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("version", sa.Integer, nullable=False),
    )
