"""What legal holds keep, and finding the erasure of an account."""

from alembic import op

from nexoraz.events.migrations import create_legal_holds_v2

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_legal_holds_v2(op)
