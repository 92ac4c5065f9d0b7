"""The kernel's part of a service's Alembic migrations. A version never changes once it stands; a later shape gets a
function of its own, and a test compares what they all lead to with the tables as they are declared now."""

from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations
from sqlalchemy.dialects.postgresql import JSONB, UUID

from nexoraz.events.append_function import APPEND_FUNCTION_V1


def create_kernel_tables_v1(op: Operations | Any) -> None:
    """For a service's first migration: the kernel's tables and its append function as of version 1."""
    _create_events(op)
    _create_consumer(op)
    _create_tasks(op)
    op.execute(APPEND_FUNCTION_V1)


def create_legal_holds_v2(op: Operations | Any) -> None:
    """For a service's next migration: what legal holds keep, and finding the erasure of an account."""
    op.create_table(
        "legal_holds",
        _text("hold_id", key=True),
        _text("account_id"),
        _text("store"),
        _text("record_id"),
        _text("category"),
        _text("basis"),
        _stamp("until"),
        _stamp("kept_at", True),
    )
    op.create_index("legal_holds_account_id", "legal_holds", ["account_id"])
    op.create_table(
        "held_records",
        _text("hold_id", key=True),
        _text("store", key=True),
        _text("record_id", key=True),
        _text("account_id"),
        _text("categories"),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("held_records_account_id", "held_records", ["account_id"])
    whose, begun = sa.text("(data ->> 'account_id')"), sa.text("type = 'erasure-begun.v1'")
    op.create_index("events_erasures_begun", "events", [whose], postgresql_where=begun)


def _stamp(name: str, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, default: str | None = None, key: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.Text, nullable=False, server_default=default, primary_key=key)


def _number(name: str, big: bool = False, key: bool = False, default: str | None = None) -> "sa.Column[Any]":
    type_ = sa.BigInteger if big else sa.Integer
    return sa.Column(name, type_, nullable=False, primary_key=key, server_default=default, autoincrement=False)


def _create_events(op: Operations | Any) -> None:
    op.create_table(
        "events",
        sa.Column("position", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("id", UUID(as_uuid=True), nullable=False, unique=True),
        _text("stream"),
        _number("version"),
        _text("type"),
        _text("account_id"),
        _stamp("occurred_at"),
        sa.Column("data", JSONB, nullable=False),
        _text("causation_id", ""),
        _text("traceparent", ""),
        sa.UniqueConstraint("stream", "version"),
    )
    op.create_index("events_account_id", "events", ["account_id"])
    op.create_table("erased_accounts", _text("account_id", key=True), _stamp("begun_at"), _stamp("completed_at", True))
    op.create_table(
        "relay_checkpoint",
        _number("id", key=True),
        _number("position", big=True),
        _number("stream_sequence", big=True),
        _text("stream_created"),
    )


def _create_consumer(op: Operations | Any) -> None:
    op.create_table(
        "consumer_positions",
        _text("producer", key=True),
        _number("partition", key=True),
        _number("position", big=True),
        _number("stream_sequence", big=True),
        _text("stream_created"),
    )
    op.create_table("consumer_leases", _number("slot", key=True), _text("owner"), _stamp("expires_at"))
    op.create_table("consumer_workers", _text("id", key=True), _stamp("seen_at"))
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("event_id", UUID(as_uuid=True), nullable=False, unique=True),
        _text("producer"),
        _number("partition"),
        _text("key"),
        _text("type"),
        _number("position", big=True),
        sa.Column("headers", JSONB, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        _text("reason"),
        _number("attempts"),
        _text("state"),
        _stamp("next_attempt_at"),
        _stamp("parked_at"),
    )
    op.create_index("dead_letters_key", "dead_letters", ["producer", "key"])


def _create_tasks(op: Operations | Any) -> None:
    op.create_table(
        "tasks",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        _text("kind"),
        _text("key"),
        _text("account_id"),
        sa.Column("payload", JSONB, nullable=False),
        _stamp("run_at"),
        _number("attempts", default="0"),
        _text("state", "due"),
        _text("owner", ""),
        _stamp("lease_until", True),
        _text("reason", ""),
        sa.UniqueConstraint("kind", "key"),
    )
    op.create_index("tasks_due", "tasks", ["state", "run_at"])
