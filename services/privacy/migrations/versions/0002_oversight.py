"""Which operator looked at what."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _text(name: str, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False, primary_key=key)


def _look() -> list[sa.Column[Any]]:
    return [
        _text("action"),
        _text("purpose"),
        sa.Column("refused", sa.Boolean, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    ]


def upgrade() -> None:
    ids = (_text("id", key=True), _text("request_id", key=True), _text("operator_id"))
    op.create_table("operator_accesses", *ids, *_look())
    op.create_index("operator_accesses_request", "operator_accesses", ["request_id", "at"])
    op.create_index("operator_accesses_operator", "operator_accesses", ["operator_id", "at"])
    op.create_index("operator_accesses_at", "operator_accesses", ["at", "id", "request_id"])
    op.create_table("account_accesses", _text("account_id", key=True), _text("access_id", key=True), *_look())
    op.create_index("account_accesses_newest", "account_accesses", ["account_id", "at", "access_id"])
