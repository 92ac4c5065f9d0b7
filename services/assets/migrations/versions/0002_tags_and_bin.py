"""Photos have tags, and lie in a bin before they are gone."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("photos", sa.Column("tags", sa.LargeBinary))
    op.add_column("photos", sa.Column("discarded_at", sa.DateTime(timezone=True)))
