"""Amendments of certificates, and the key epochs whose end they wait for."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "amendments",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("file", sa.LargeBinary, nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "amended_certificates",
        sa.Column("certificate", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("amendment", sa.Integer, nullable=False),
    )
    awaited = op.create_table(
        "awaited_epochs",
        sa.Column("certificate", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("participant", sa.Text, primary_key=True),
        sa.Column("epoch", sa.Integer, nullable=False),
    )
    op.create_index("awaited_epochs_of", "awaited_epochs", ["participant", "epoch", "certificate"])
    op.create_table(
        "key_epochs",
        sa.Column("participant", sa.Text, primary_key=True),
        sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("destroyed_at", sa.Text, nullable=False),
        sa.Column("attested_at", sa.Text, nullable=False),
    )
    _await_for_older_certificates(awaited)


def _await_for_older_certificates(awaited: sa.Table) -> None:
    """Certificates that were issued before there were amendments wait like the others."""
    connection = op.get_bind()
    for number, file in connection.execute(sa.text("SELECT number, file FROM certificates")).all():
        participants: list[dict[str, Any]] = json.loads(bytes(file))["document"]["participants"]
        rows = [{"certificate": number, "participant": p["participant"], "epoch": p["key_epoch"]} for p in participants]
        connection.execute(sa.insert(awaited), rows)
