"""What legal holds keep, and finding the erasure of an account."""

import sqlalchemy as sa
from alembic import op

from nexoraz.events.migrations import create_legal_holds_v2

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_legal_holds_v2(op)
    texts = ("account_hash", "participant", "store", "record_id", "category", "basis")
    op.create_table(
        "holds",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told", sa.Boolean, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False, server_default=""),
        sa.Column("records", sa.Integer, nullable=False, server_default="0"),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
    )
    op.create_index("holds_account", "holds", ["account_hash"])
    op.create_index("holds_state", "holds", ["state", "until"])
    op.create_table(
        "retention",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("participant", "rule", "store")),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("records", sa.BigInteger, nullable=False),
        sa.Column("last_records", sa.Integer, nullable=False),
        sa.Column("last_at", sa.Text, nullable=False),
    )
