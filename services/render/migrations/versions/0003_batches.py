"""Jobs belong to batches, and take the place of others."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("batch_id", sa.Text))
    op.add_column("jobs", sa.Column("attempt", sa.Integer, nullable=False, server_default="1"))
    op.add_column("jobs", sa.Column("retry_of", sa.Text))
    op.add_column("jobs", sa.Column("retried_by", sa.Text))
    op.create_index("jobs_batch_id", "jobs", ["batch_id"])
