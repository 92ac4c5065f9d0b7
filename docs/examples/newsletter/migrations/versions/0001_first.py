"""Readers; the kernel's and the chassis's tables."""

import sqlalchemy as sa
from alembic import op

from nexoraz.events.migrations import create_kernel_tables_v1, create_legal_holds_v2
from nexoraz.service.migrate import create_allowances_v1, create_chassis_tables_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_kernel_tables_v1(op)
    create_legal_holds_v2(op)
    create_chassis_tables_v1(op)
    create_allowances_v1(op)
    op.create_table(
        "readers",
        sa.Column("account_id", sa.Text, primary_key=True),
        sa.Column("greeting", sa.LargeBinary),
    )
