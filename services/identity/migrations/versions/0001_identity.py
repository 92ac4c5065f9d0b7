"""The first tables of identity."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

from nexoraz.events.migrations import create_kernel_tables_v1
from nexoraz.service.migrate import create_chassis_tables_v1

revision = "0001"
down_revision = None

STAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_kernel_tables_v1(op)
    create_chassis_tables_v1(op)
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.Text, primary_key=True),
        sa.Column("email_hash", sa.Text, nullable=False, unique=True),
        sa.Column("verified_by", sa.Text, nullable=False, server_default=""),
    )
    op.create_table(
        "sessions",
        sa.Column("id", UUID(as_uuid=True), primary_key=True),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("device", sa.LargeBinary, nullable=False),
        sa.Column("created_at", STAMP, nullable=False),
        sa.Column("last_used_at", STAMP, nullable=False),
        sa.Column("expires_at", STAMP, nullable=False),
    )
    op.create_index("sessions_of_account", "sessions", ["account_id", "created_at", "id"])
    op.create_table(
        "credentials",
        sa.Column("account_id", sa.Text, primary_key=True),
        sa.Column("verification_id", sa.Text, primary_key=True),
        sa.Column("password_hash", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "mails",
        sa.Column("id", UUID(as_uuid=True), primary_key=True),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("message", sa.LargeBinary, nullable=False),
        sa.Column("created_at", STAMP, nullable=False),
    )
    op.create_index("mails_of_account", "mails", ["account_id"])
    op.create_table(
        "sent_mails",
        sa.Column("id", UUID(as_uuid=True), primary_key=True),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("recipient_hash", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("settled_at", STAMP, nullable=False),
    )
    op.create_index("sent_mails_of_account", "sent_mails", ["account_id"])
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.Text, primary_key=True),
        sa.Column("sealed_private_key", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "throttles",
        sa.Column("subject_hash", sa.Text, primary_key=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("ends_at", STAMP, nullable=False),
    )
    op.create_index("ix_throttles_ends_at", "throttles", ["ends_at"])
