"""Photos are found by keyed tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_tokens",
        sa.Column("account_id", sa.Text, primary_key=True),
        sa.Column("token", sa.Text, primary_key=True),
        sa.Column("photo_id", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
    )
    op.create_index("search_tokens_photo_id", "search_tokens", ["photo_id"])
