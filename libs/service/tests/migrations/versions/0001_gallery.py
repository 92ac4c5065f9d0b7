"""The tables of the chassis, and the one of the example service that the tests drive."""

import sqlalchemy as sa
from alembic import op

from nexoraz.service.migrate import create_allowances_v1, create_chassis_tables_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_chassis_tables_v1(op)
    create_allowances_v1(op)
    op.create_table(
        "photos",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("title", sa.Text, nullable=False, unique=True),
        sa.Column("version", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("photos")
