"""Which plan an account has."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "plans",
        sa.Column("account_id", sa.Text, primary_key=True),
        sa.Column("plan", sa.Text, nullable=False),
    )
