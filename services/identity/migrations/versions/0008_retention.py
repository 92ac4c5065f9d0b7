"""Legal holds, and since when an account waits for the confirmation of its address."""

import sqlalchemy as sa
from alembic import op

from nexoraz.events.migrations import create_legal_holds_v2

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SINCE = """
UPDATE accounts SET registered_at = coalesce(
    (SELECT min(occurred_at) FROM events WHERE events.account_id = accounts.account_id), now())
"""


def upgrade() -> None:
    create_legal_holds_v2(op)
    op.add_column("accounts", sa.Column("registered_at", sa.DateTime(timezone=True)))
    op.execute(SINCE)
    op.alter_column("accounts", "registered_at", nullable=False)
    unverified = sa.text("verified_by = ''")
    op.create_index("accounts_unverified", "accounts", ["registered_at"], postgresql_where=unverified)
