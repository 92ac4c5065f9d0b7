"""Requests are counted."""

from alembic import op

from nexoraz.service.migrate import create_allowances_v1

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_allowances_v1(op)
