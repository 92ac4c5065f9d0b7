"""Render jobs and the photos they may use; the kernel's and the chassis's tables."""

import sqlalchemy as sa
from alembic import op

from nexoraz.events.migrations import create_kernel_tables_v1
from nexoraz.service.migrate import create_chassis_tables_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_kernel_tables_v1(op)
    create_chassis_tables_v1(op)
    op.create_table(
        "photos",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Text, nullable=False),
    )
    op.create_index("photos_account_id", "photos", ["account_id"])
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("photo_id", sa.Text, nullable=False),
        sa.Column("preset", sa.Text, nullable=False),
        sa.Column("credits", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False, server_default=""),
        sa.Column("percent", sa.Integer, nullable=False, server_default="0"),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("output_id", sa.Text),
        sa.Column("media_type", sa.Text),
        sa.Column("width", sa.Integer),
        sa.Column("height", sa.Integer),
        sa.Column("size", sa.Integer),
        sa.Column("engine", sa.Text),
        sa.Column("fallback", sa.Boolean),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("jobs_account_id", "jobs", ["account_id", "requested_at", "id"])
