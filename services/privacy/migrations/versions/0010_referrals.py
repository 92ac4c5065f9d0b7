"""What comes without a sign-in, and what was written with it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    stamp = sa.DateTime(timezone=True)
    op.create_table(
        "referrals",
        sa.Column("id", sa.Text, nullable=False, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("source", "sender", "foreign_id", "about", "state")),
        sa.Column("received_at", stamp, nullable=False),
        sa.Column("due_at", stamp, nullable=False),
    )
    op.create_index("referrals_due", "referrals", ["state", "due_at", "id"])
    op.create_index("referrals_foreign", "referrals", ["sender", "foreign_id"])
    op.create_table(
        "referral_contents",
        sa.Column("referral_id", sa.Text, nullable=False, primary_key=True),
        *(sa.Column(name, sa.LargeBinary, nullable=False) for name in ("email", "text", "answer")),
    )
