"""Every table of assets' database."""

from sqlalchemy import BigInteger, Boolean, DateTime, Index, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from nexoraz.assets.domain.events import PRIVATE
from nexoraz.events.columns import operational, personal, pseudonym
from nexoraz.events.schema import KernelTables
from nexoraz.service.auth import auth_tables
from nexoraz.service.idempotency import idempotency_table
from nexoraz.service.tables import allowances_table

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
    personal("title", PRIVATE, nullable=True),
    personal("tags", PRIVATE, nullable=True),
    operational("media_type", Text, nullable=False),
    operational("width", Integer, nullable=False),
    operational("height", Integer, nullable=False),
    operational("size", BigInteger, nullable=False),
    operational("uploaded_at", DateTime(timezone=True), nullable=False),
    operational("discarded_at", DateTime(timezone=True)),
    operational("version", Integer, nullable=False),
    Index("photos_account_id", "account_id", "uploaded_at", "id"),
)

THUMBNAILS = Table(
    "thumbnails",
    METADATA,
    pseudonym("photo_id", Text, primary_key=True),
    pseudonym("account_id", Text, nullable=False),
    operational("width", Integer, nullable=False),
    operational("height", Integer, nullable=False),
    operational("size", Integer, nullable=False),
    Index("thumbnails_account_id", "account_id"),
)

PLANS = Table(
    "plans",
    METADATA,
    pseudonym("account_id", Text, primary_key=True),
    operational("plan", Text, nullable=False),
)

ALBUMS = Table(
    "albums",
    METADATA,
    pseudonym("id", Text, primary_key=True),
    pseudonym("account_id", Text, nullable=False),
    personal("name", PRIVATE),
    pseudonym("photo_ids", JSONB, nullable=False),
    operational("created_at", DateTime(timezone=True), nullable=False),
    operational("version", Integer, nullable=False),
    Index("albums_account_id", "account_id", "created_at", "id"),
)

SEARCH_TOKENS = Table(
    "search_tokens",
    METADATA,
    pseudonym("account_id", Text, primary_key=True),
    pseudonym("token", Text, primary_key=True),
    pseudonym("photo_id", Text, primary_key=True),
    operational("source", Text, primary_key=True),
    Index("search_tokens_photo_id", "photo_id"),
)

CHOICES = Table(
    "training_choices",
    METADATA,
    pseudonym("account_id", Text, primary_key=True),
    pseudonym("photo_id", Text, primary_key=True),
    operational("allowed", Boolean, nullable=False),
    operational("decided_at", DateTime(timezone=True), nullable=False),
    operational("version", Integer, nullable=False),
    Index("training_choices_photo_id", "photo_id"),
)

MANIFESTS = Table(
    "manifests",
    METADATA,
    operational("id", Text, primary_key=True),
    operational("made_at", DateTime(timezone=True), nullable=False),
)

MANIFEST_PHOTOS = Table(
    "manifest_photos",
    METADATA,
    pseudonym("account_id", Text, primary_key=True),
    pseudonym("photo_id", Text, primary_key=True),
    operational("manifest_id", Text, primary_key=True),
    Index("manifest_photos_manifest_id", "manifest_id", "photo_id"),
)

MODELS = Table(
    "models",
    METADATA,
    operational("manifest_id", Text, primary_key=True),
    operational("name", Text, primary_key=True),
)
