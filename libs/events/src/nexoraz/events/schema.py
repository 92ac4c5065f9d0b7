"""Tables that the kernel keeps in every service's own database, as SQLAlchemy Core."""

from sqlalchemy import (
    BigInteger,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from nexoraz.events.classification import Personal
from nexoraz.events.columns import operational, personal, pseudonym

STAMP = DateTime(timezone=True)
ERASURE_BEGUN = "erasure-begun.v1"
"""The stored type of the event that says which account an erasure is of (protocol_events.py)."""


class KernelTables:
    """The kernel's tables inside a service's MetaData.

    events: the store and the outbox. `position` is given out under one advisory lock held until the commit, so it
    is the commit order and a reader never sees a later position before an earlier one; roll-backs leave holes.
    """

    def __init__(self, metadata: MetaData) -> None:
        self.events = Table(
            "events",
            metadata,
            operational("position", BigInteger, Identity(), primary_key=True),
            pseudonym("id", UUID(as_uuid=True), nullable=False, unique=True),
            pseudonym("stream", Text, nullable=False),
            operational("version", Integer, nullable=False),
            operational("type", Text, nullable=False),
            pseudonym("account_id", Text, nullable=False),
            operational("occurred_at", STAMP, nullable=False),
            operational("data", JSONB, nullable=False),
            pseudonym("causation_id", Text, nullable=False, server_default=""),
            operational("traceparent", Text, nullable=False, server_default=""),
            UniqueConstraint("stream", "version"),
            Index("events_account_id", "account_id"),
        )
        begun = self.events.c.type == ERASURE_BEGUN
        Index("events_erasures_begun", self.events.c.data["account_id"].astext, postgresql_where=begun)
        self.erased_accounts = Table(
            "erased_accounts",
            metadata,
            pseudonym("account_id", Text, primary_key=True),
            operational("begun_at", STAMP, nullable=False),
            operational("completed_at", STAMP),
        )
        self.relay_checkpoint = Table(
            "relay_checkpoint",
            metadata,
            operational("id", Integer, primary_key=True),
            operational("position", BigInteger, nullable=False),
            operational("stream_sequence", BigInteger, nullable=False),
            operational("stream_created", Text, nullable=False),
        )
        self.positions = Table(
            "consumer_positions",
            metadata,
            operational("producer", Text, primary_key=True),
            operational("partition", Integer, primary_key=True),
            operational("position", BigInteger, nullable=False),
            operational("stream_sequence", BigInteger, nullable=False),
            operational("stream_created", Text, nullable=False),
        )
        self.leases = Table(
            "consumer_leases",
            metadata,
            operational("slot", Integer, primary_key=True),
            operational("owner", Text, nullable=False),
            operational("expires_at", STAMP, nullable=False),
        )
        self.workers = Table(
            "consumer_workers",
            metadata,
            operational("id", Text, primary_key=True),
            operational("seen_at", STAMP, nullable=False),
        )
        self.dead_letters = Table(
            "dead_letters",
            metadata,
            operational("id", BigInteger, Identity(), primary_key=True),
            pseudonym("event_id", UUID(as_uuid=True), nullable=False, unique=True),
            operational("producer", Text, nullable=False),
            operational("partition", Integer, nullable=False),
            pseudonym("key", Text, nullable=False),
            operational("type", Text, nullable=False),
            operational("position", BigInteger, nullable=False),
            operational("headers", JSONB, nullable=False),
            operational("payload", LargeBinary, nullable=False),
            operational("reason", Text, nullable=False),
            operational("attempts", Integer, nullable=False),
            operational("state", Text, nullable=False),
            operational("next_attempt_at", STAMP, nullable=False),
            operational("parked_at", STAMP, nullable=False),
            Index("dead_letters_key", "producer", "key"),
        )
        self.tasks = Table(
            "tasks",
            metadata,
            operational("id", BigInteger, Identity(), primary_key=True),
            operational("kind", Text, nullable=False),
            pseudonym("key", Text, nullable=False),
            pseudonym("account_id", Text, nullable=False),
            pseudonym("payload", JSONB, nullable=False),
            operational("run_at", STAMP, nullable=False),
            operational("attempts", Integer, nullable=False, server_default="0"),
            operational("state", Text, nullable=False, server_default="due"),
            operational("owner", Text, nullable=False, server_default=""),
            operational("lease_until", STAMP),
            operational("reason", Text, nullable=False, server_default=""),
            UniqueConstraint("kind", "key"),
            Index("tasks_due", "state", "run_at"),
        )
        self.legal_holds = Table(
            "legal_holds",
            metadata,
            pseudonym("hold_id", Text, primary_key=True),
            pseudonym("account_id", Text, nullable=False),
            operational("store", Text, nullable=False),
            pseudonym("record_id", Text, nullable=False),
            operational("category", Text, nullable=False),
            operational("basis", Text, nullable=False),
            operational("until", STAMP, nullable=False),
            operational("kept_at", STAMP),
            Index("legal_holds_account_id", "account_id"),
        )
        """What may not go: one record of a store, or all of a category. kept_at: when an erasure sealed it away."""
        self.held_records = Table(
            "held_records",
            metadata,
            pseudonym("hold_id", Text, primary_key=True),
            operational("store", Text, primary_key=True),
            pseudonym("record_id", Text, primary_key=True),
            pseudonym("account_id", Text, nullable=False),
            operational("categories", Text, nullable=False),
            personal("body", Personal("user", purpose="hold", retention="legal-hold")),
            Index("held_records_account_id", "account_id"),
        )
        """What an erasure left because it is held, sealed under a key of the hold's own."""
