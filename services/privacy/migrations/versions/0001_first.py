"""Requests, participants, exports, certificates; the kernel's and the chassis's tables."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from nexoraz.events.migrations import create_kernel_tables_v1
from nexoraz.service.migrate import create_chassis_tables_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_kernel_tables_v1(op)
    create_chassis_tables_v1(op)
    _create_requests()
    _create_exports()
    _create_certificates()


def _stamp(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False, primary_key=key)


def _create_requests() -> None:
    op.create_table(
        "requests",
        _text("id", key=True),
        _text("type"),
        _text("state"),
        sa.Column("version", sa.Integer, nullable=False),
        _stamp("received_at"),
        _stamp("deadline_at"),
        _stamp("grace_until", nullable=True),
        _stamp("started_at", nullable=True),
        _stamp("ended_at", nullable=True),
    )
    op.create_table(
        "account_requests",
        _text("request_id", key=True),
        _text("account_id"),
        _text("type"),
        _stamp("received_at"),
        sa.Column("active", sa.Boolean, nullable=False),
    )
    op.create_index("account_requests_of", "account_requests", ["account_id", "received_at", "request_id"])
    op.create_index(
        "account_requests_active",
        "account_requests",
        ["account_id", "type"],
        unique=True,
        postgresql_where=sa.text("active"),
    )
    op.create_table("request_tokens", _text("token_hash", key=True), _text("request_id"))
    op.create_table(
        "participants",
        _text("name", key=True),
        _text("data_map_hash"),
        sa.Column("data_map", JSONB, nullable=False),
        _stamp("announced_at"),
    )


def _create_exports() -> None:
    op.create_table(
        "export_keys",
        _text("request_id", key=True),
        _text("account_id"),
        sa.Column("private_key", sa.LargeBinary, nullable=False),
    )
    op.create_index("export_keys_account_id", "export_keys", ["account_id"])
    op.create_table(
        "archives",
        _text("request_id", key=True),
        _text("account_id"),
        sa.Column("size", sa.BigInteger, nullable=False),
        _stamp("expires_at"),
    )
    op.create_index("archives_account_id", "archives", ["account_id"])


def _create_certificates() -> None:
    op.create_table(
        "certificates",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("request_id", sa.Text, nullable=False, unique=True),
        _text("sha256"),
        sa.Column("file", sa.LargeBinary, nullable=False),
        _stamp("issued_at"),
    )
    op.create_table(
        "signing_keys",
        _text("kid", key=True),
        sa.Column("public_jwk", JSONB, nullable=False),
        sa.Column("sealed_private", sa.LargeBinary, nullable=False),
        _stamp("created_at"),
    )
