"""Where a session was started: the cut network address and its country, sealed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("sessions", sa.Column("network", sa.LargeBinary, nullable=True))
    op.add_column("sessions", sa.Column("country", sa.LargeBinary, nullable=True))
