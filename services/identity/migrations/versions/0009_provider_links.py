"""Which accounts are linked to whom at which provider."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "provider_links",
        sa.Column("subject_hash", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
    )
    op.create_index("ix_provider_links_account_id", "provider_links", ["account_id"])
