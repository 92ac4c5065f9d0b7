"""Each account's ledger counts its own lines: a rebuild gives the same numbers, and none tells of other accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RENUMBER = """
UPDATE ledger SET entry = own.entry FROM (
    SELECT entry AS old, row_number() OVER (PARTITION BY account_id ORDER BY entry) AS entry FROM ledger
) AS own WHERE ledger.entry = own.old
"""
COUNT = """
UPDATE credit_accounts SET entries = (SELECT count(*) FROM ledger WHERE ledger.account_id = credit_accounts.account_id)
"""


def upgrade() -> None:
    op.add_column("credit_accounts", sa.Column("entries", sa.Integer, nullable=False, server_default="0"))
    op.execute("ALTER TABLE ledger DROP CONSTRAINT ledger_pkey, ALTER COLUMN entry DROP IDENTITY")
    op.drop_index("ledger_account_id", "ledger")
    op.execute(RENUMBER)
    op.execute("ALTER TABLE ledger ALTER COLUMN entry TYPE integer, ADD PRIMARY KEY (account_id, entry)")
    op.execute(COUNT)
