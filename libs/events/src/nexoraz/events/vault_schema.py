"""The vault's own database: accounts, wrapped keys, epochs. It is not part of the data backups."""

from sqlalchemy import Column, DateTime, Engine, Integer, LargeBinary, MetaData, Table, Text, func, insert, select, text
from sqlalchemy.dialects.postgresql import JSONB

from nexoraz.events.kek import Kek

STAMP = DateTime(timezone=True)
MIGRATE_LOCK = 7265101
EPOCH_LOCK = 7265102
"""Shared while a key is issued, exclusive while the current epoch changes."""

metadata = MetaData()

accounts = Table(
    "vault_accounts",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("state", Text, nullable=False, server_default="open"),
    Column("closed_at", STAMP),
    Column("destroyed_at", STAMP),
    Column("proof", JSONB),
)
"""Also the tombstones: a row in state "closed" is kept for ever and no key is issued to it again."""

keys = Table(
    "vault_keys",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("purpose", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("wrapped", LargeBinary),
    Column("created_at", STAMP, nullable=False, server_default=func.now()),
)
"""`wrapped` is null once the key of that purpose alone was destroyed. No index on the epoch: a rotation walks the
primary key, and re-wrapping a row then touches no index."""

epochs = Table(
    "vault_epochs",
    metadata,
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("created_at", STAMP, nullable=False, server_default=func.now()),
    Column("retired_at", STAMP),
    Column("destroyed_at", STAMP),
)


def migrate_vault(engine: Engine, kek: Kek) -> None:
    """Create the tables and the first epoch where they are missing. Several processes may call it at once."""
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATE_LOCK})
        metadata.create_all(connection)
        if connection.execute(select(epochs.c.epoch).limit(1)).first() is None:
            kek.create(1)
            connection.execute(insert(epochs).values(epoch=1))
