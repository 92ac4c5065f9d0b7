"""Who was asked about a request and has answered; what people object to."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    stamp = sa.DateTime(timezone=True)
    op.create_table(
        "request_participants",
        sa.Column("request_id", sa.Text, nullable=False, primary_key=True),
        sa.Column("participant", sa.Text, nullable=False, primary_key=True),
        sa.Column("asked_at", stamp, nullable=False),
        sa.Column("answered_at", stamp, nullable=True),
    )
    op.create_index(
        "request_participants_silent",
        "request_participants",
        ["participant", "asked_at"],
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    op.create_table(
        "objections",
        sa.Column("account_id", sa.Text, nullable=False, primary_key=True),
        sa.Column("purpose", sa.Text, nullable=False, primary_key=True),
        sa.Column("recorded_at", stamp, nullable=False),
    )
