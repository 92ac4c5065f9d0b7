"""Every table of render's database."""

from sqlalchemy import Boolean, DateTime, Index, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from nexoraz.events.columns import operational, pseudonym
from nexoraz.events.schema import KernelTables
from nexoraz.service.auth import auth_tables
from nexoraz.service.idempotency import idempotency_table
from nexoraz.service.tables import allowances_table

STAMP = DateTime(timezone=True)

METADATA = MetaData()
KERNEL = KernelTables(METADATA)
AUTH = auth_tables(METADATA)
IDEMPOTENCY = idempotency_table(METADATA)
ALLOWANCES = allowances_table(METADATA)

PHOTOS = Table(
    "photos",
    METADATA,
    pseudonym("id", Text, primary_key=True),
    pseudonym("account_id", Text, nullable=False),
    Index("photos_account_id", "account_id"),
)

JOBS = Table(
    "jobs",
    METADATA,
    pseudonym("id", Text, primary_key=True),
    pseudonym("account_id", Text, nullable=False),
    pseudonym("photo_id", Text, nullable=False),
    operational("preset", Text, nullable=False),
    operational("credits", Integer, nullable=False),
    operational("state", Text, nullable=False),
    operational("stage", Text, nullable=False, server_default=""),
    operational("percent", Integer, nullable=False, server_default="0"),
    operational("reason", Text, nullable=False, server_default=""),
    operational("facts", JSONB, nullable=False, server_default="{}"),
    operational("requested_at", STAMP, nullable=False),
    operational("ended_at", STAMP),
    pseudonym("output_id", Text),
    operational("media_type", Text),
    operational("width", Integer),
    operational("height", Integer),
    operational("size", Integer),
    operational("engine", Text),
    operational("fallback", Boolean),
    operational("version", Integer, nullable=False),
    pseudonym("batch_id", Text),
    operational("attempt", Integer, nullable=False, server_default="1"),
    pseudonym("retry_of", Text),
    pseudonym("retried_by", Text),
    operational("wanted", JSONB, nullable=False, server_default="{}"),
    Index("jobs_batch_id", "batch_id"),
    Index("jobs_account_id", "account_id", "requested_at", "id"),
)
