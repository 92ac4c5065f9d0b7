"""Every table of privacy's database.

What says whose a request is (`account_requests`) is kept apart from the request's own record, so that an erasure can
remove the one and leave the other, which then belongs to nobody.
"""

from sqlalchemy import BigInteger, Boolean, DateTime, Index, Integer, LargeBinary, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from nexoraz.events.classification import Personal
from nexoraz.events.columns import operational, personal, pseudonym
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

REQUESTS = Table(
    "requests",
    METADATA,
    pseudonym("id", Text, primary_key=True),
    operational("type", Text, nullable=False),
    operational("state", Text, nullable=False),
    operational("version", Integer, nullable=False),
    operational("received_at", STAMP, nullable=False),
    operational("deadline_at", STAMP, nullable=False),
    operational("grace_until", STAMP),
    operational("started_at", STAMP),
    operational("ended_at", STAMP),
)

ACCOUNT_REQUESTS = Table(
    "account_requests",
    METADATA,
    pseudonym("request_id", Text, primary_key=True),
    pseudonym("account_id", Text, nullable=False),
    operational("type", Text, nullable=False),
    operational("received_at", STAMP, nullable=False),
    operational("active", Boolean, nullable=False),
    Index("account_requests_of", "account_id", "received_at", "request_id"),
)
Index(
    "account_requests_active",
    ACCOUNT_REQUESTS.c.account_id,
    ACCOUNT_REQUESTS.c.type,
    unique=True,
    postgresql_where=ACCOUNT_REQUESTS.c.active,
)

REQUEST_TOKENS = Table(
    "request_tokens",
    METADATA,
    pseudonym("token_hash", Text, primary_key=True),
    pseudonym("request_id", Text, nullable=False),
)

PARTICIPANTS = Table(
    "participants",
    METADATA,
    operational("name", Text, primary_key=True),
    operational("data_map_hash", Text, nullable=False),
    operational("data_map", JSONB, nullable=False),
    operational("announced_at", STAMP, nullable=False),
)

REQUEST_PARTICIPANTS = Table(
    "request_participants",
    METADATA,
    pseudonym("request_id", Text, primary_key=True),
    operational("participant", Text, primary_key=True),
    operational("asked_at", STAMP, nullable=False),
    operational("answered_at", STAMP),
    Index("request_participants_silent", "participant", "asked_at", postgresql_where=text("answered_at IS NULL")),
)

OBJECTIONS = Table(
    "objections",
    METADATA,
    pseudonym("account_id", Text, primary_key=True),
    operational("purpose", Text, primary_key=True),
    operational("recorded_at", STAMP, nullable=False),
)

CONSENTS = Table(
    "consents",
    METADATA,
    pseudonym("account_id", Text, primary_key=True),
    operational("purpose", Text, primary_key=True),
    operational("decision", Text, nullable=False),
    operational("policy_version", Text, nullable=False),
    operational("indicated_by", Text, nullable=False),
    pseudonym("receipt_id", Text, nullable=False),
    operational("decided_at", STAMP, nullable=False),
)
"""`account_id`: an account's id, or that of a visitor without one who has made a choice."""

POLICY_NOTICES = Table(
    "policy_notices",
    METADATA,
    pseudonym("account_id", Text, primary_key=True),
    operational("policy_version", Text, primary_key=True),
    operational("how", Text, primary_key=True),
    operational("told_at", STAMP, nullable=False),
    operational("accepted_at", STAMP),
    operational("accepted_by", Text),
)

REFERRALS = Table(
    "referrals",
    METADATA,
    pseudonym("id", Text, primary_key=True),
    operational("source", Text, nullable=False),
    operational("sender", Text, nullable=False),
    pseudonym("foreign_id", Text, nullable=False),
    operational("about", Text, nullable=False),
    operational("state", Text, nullable=False),
    operational("received_at", STAMP, nullable=False),
    operational("due_at", STAMP, nullable=False),
    Index("referrals_due", "state", "due_at", "id"),
    Index("referrals_foreign", "sender", "foreign_id"),
)

REFERRED = "support"
REFERRAL_CONTENTS = Table(
    "referral_contents",
    METADATA,
    pseudonym("referral_id", Text, primary_key=True),
    personal("email", Personal("user.contact.email", purpose=REFERRED, retention="until-answered")),
    personal("text", Personal("user.content.private", purpose=REFERRED, retention="until-answered")),
    personal("answer", Personal("user.content.private", purpose=REFERRED, retention="until-answered")),
)

OPERATOR_ACCESSES = Table(
    "operator_accesses",
    METADATA,
    pseudonym("id", Text, primary_key=True),
    pseudonym("request_id", Text, primary_key=True),
    pseudonym("operator_id", Text, nullable=False),
    operational("action", Text, nullable=False),
    operational("purpose", Text, nullable=False),
    operational("refused", Boolean, nullable=False),
    operational("at", STAMP, nullable=False),
    Index("operator_accesses_request", "request_id", "at"),
    Index("operator_accesses_operator", "operator_id", "at"),
    Index("operator_accesses_at", "at", "id", "request_id"),
)

ACCOUNT_ACCESSES = Table(
    "account_accesses",
    METADATA,
    pseudonym("account_id", Text, primary_key=True),
    pseudonym("access_id", Text, primary_key=True),
    operational("action", Text, nullable=False),
    operational("purpose", Text, nullable=False),
    operational("refused", Boolean, nullable=False),
    operational("at", STAMP, nullable=False),
    Index("account_accesses_newest", "account_id", "at", "access_id"),
)

EXPORT_KEYS = Table(
    "export_keys",
    METADATA,
    pseudonym("request_id", Text, primary_key=True),
    pseudonym("account_id", Text, nullable=False),
    personal("private_key", Personal("user.authorization.credentials", purpose="export")),
    Index("export_keys_account_id", "account_id"),
)

ARCHIVES = Table(
    "archives",
    METADATA,
    pseudonym("request_id", Text, primary_key=True),
    pseudonym("account_id", Text, nullable=False),
    operational("size", BigInteger, nullable=False),
    operational("expires_at", STAMP, nullable=False),
    Index("archives_account_id", "account_id"),
)

EXPORT_PROGRESS = Table(
    "export_progress",
    METADATA,
    pseudonym("request_id", Text, primary_key=True),
    operational("step", Text, primary_key=True),
    operational("parts", Integer, nullable=False),
    operational("bytes", BigInteger, nullable=False),
)

CERTIFICATES = Table(
    "certificates",
    METADATA,
    operational("number", Integer, primary_key=True, autoincrement=False),
    pseudonym("request_id", Text, nullable=False, unique=True),
    operational("sha256", Text, nullable=False),
    pseudonym("file", LargeBinary, nullable=False),
    operational("issued_at", STAMP, nullable=False),
)

AMENDMENTS = Table(
    "amendments",
    METADATA,
    operational("number", Integer, primary_key=True, autoincrement=False),
    operational("cause", Text, nullable=False),
    operational("sha256", Text, nullable=False),
    pseudonym("file", LargeBinary, nullable=False),
    operational("issued_at", STAMP, nullable=False),
)
"""`cause`: "epoch:<participant>:<epoch>", or "records:<what released them>"."""

AMENDED_CERTIFICATES = Table(
    "amended_certificates",
    METADATA,
    operational("certificate", Integer, primary_key=True, autoincrement=False),
    operational("place", Integer, primary_key=True, autoincrement=False),
    operational("amendment", Integer, nullable=False),
)

AWAITED_EPOCHS = Table(
    "awaited_epochs",
    METADATA,
    operational("certificate", Integer, primary_key=True, autoincrement=False),
    operational("participant", Text, primary_key=True),
    operational("epoch", Integer, nullable=False),
    Index("awaited_epochs_of", "participant", "epoch", "certificate"),
)
"""Which certificates wait for the end of which key epochs; a row goes when the amendment is there."""

KEY_EPOCHS = Table(
    "key_epochs",
    METADATA,
    operational("participant", Text, primary_key=True),
    operational("epoch", Integer, primary_key=True, autoincrement=False),
    operational("destroyed_at", Text, nullable=False),
    operational("attested_at", Text, nullable=False),
)

HOLDS = Table(
    "holds",
    METADATA,
    pseudonym("id", Text, primary_key=True),
    pseudonym("account_hash", Text, nullable=False),
    operational("participant", Text, nullable=False),
    operational("store", Text, nullable=False),
    pseudonym("record_id", Text, nullable=False),
    operational("category", Text, nullable=False),
    operational("basis", Text, nullable=False),
    operational("until", STAMP, nullable=False),
    operational("told", Boolean, nullable=False),
    operational("state", Text, nullable=False),
    operational("outcome", Text, nullable=False, server_default=""),
    operational("records", Integer, nullable=False, server_default="0"),
    operational("placed_at", STAMP, nullable=False),
    operational("ended_at", STAMP),
    Index("holds_account", "account_hash"),
    Index("holds_state", "state", "until"),
)

RETENTION = Table(
    "retention",
    METADATA,
    operational("participant", Text, primary_key=True),
    operational("rule", Text, primary_key=True),
    operational("store", Text, primary_key=True),
    operational("action", Text, nullable=False),
    operational("records", BigInteger, nullable=False),
    operational("last_records", Integer, nullable=False),
    operational("last_at", Text, nullable=False),
)

SIGNING_KEYS = Table(
    "signing_keys",
    METADATA,
    operational("kid", Text, primary_key=True),
    operational("public_jwk", JSONB, nullable=False),
    operational("sealed_private", LargeBinary, nullable=False),
    operational("created_at", STAMP, nullable=False),
)
