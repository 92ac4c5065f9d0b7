"""Which features are used: by account while it is allowed, and in totals."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "analytics_consents",
        sa.Column("account_id", sa.Text, nullable=False, primary_key=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.create_table(
        "usage",
        sa.Column("account_id", sa.Text, nullable=False, primary_key=True),
        sa.Column("day", sa.Date, nullable=False, primary_key=True),
        sa.Column("feature", sa.Text, nullable=False, primary_key=True),
        sa.Column("uses", sa.Integer, nullable=False),
    )
    op.create_table(
        "usage_totals",
        sa.Column("day", sa.Date, nullable=False, primary_key=True),
        sa.Column("feature", sa.Text, nullable=False, primary_key=True),
        sa.Column("accounts", sa.Integer, nullable=False),
        sa.Column("uses", sa.BigInteger, nullable=False),
    )
