"""The secrets of second factors."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "factor_secrets",
        sa.Column("account_id", sa.Text, primary_key=True),
        sa.Column("factor_id", sa.Text, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
    )
