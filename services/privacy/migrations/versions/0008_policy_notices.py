"""Who was told of which version of the policy, and went on."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    stamp = sa.DateTime(timezone=True)
    op.create_table(
        "policy_notices",
        sa.Column("account_id", sa.Text, nullable=False, primary_key=True),
        sa.Column("policy_version", sa.Text, nullable=False, primary_key=True),
        sa.Column("how", sa.Text, nullable=False, primary_key=True),
        sa.Column("told_at", stamp, nullable=False),
        sa.Column("accepted_at", stamp, nullable=True),
        sa.Column("accepted_by", sa.Text, nullable=True),
    )
