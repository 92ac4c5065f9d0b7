"""Alembic migrations run by the program itself, one process at a time.

A service's `migrations/versions/*.py` are ordinary Alembic revisions; there is neither env.py nor alembic.ini.
Several processes may start at once: an advisory lock lets one migrate while the others wait, then find nothing to do.
"""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, MetaData

from nexoraz.service.database import migration_engine
from nexoraz.service.settings import Secret
from nexoraz.service.tables import allowances_table, auth_tables, idempotency_table

_LOCK = 0x6E65786F72617A  # "nexoraz"; advisory locks are per database


class SchemaDrift(AssertionError):
    """The database that the migrations make is not the one that the tables declare."""

    def __init__(self, differences: list[Any]) -> None:
        super().__init__("migrations and tables differ:\n  " + "\n  ".join(map(str, differences)))
        self.differences = differences


def migrate(url: str | Secret, directory: Path) -> None:
    """Bring the database to the newest revision in `directory`, all in one transaction."""
    engine = migration_engine(url)
    try:
        with engine.connect() as conn:
            conn.exec_driver_sql("set lock_timeout = 0")  # the wait for the others is not a fault
            conn.exec_driver_sql(f"select pg_advisory_lock({_LOCK})")
            conn.exec_driver_sql("set lock_timeout = '10s'")
            conn.commit()
            _upgrade(conn, directory)
    finally:
        engine.dispose()  # closing the connection releases the lock, whatever happened


def _upgrade(conn: Connection, directory: Path) -> None:
    # Only here, since of all processes of a service only the one that migrates needs Alembic.
    from alembic.config import Config  # noqa: PLC0415
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(directory).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)

    def upgrade(revision: Any, _context: Any) -> Any:
        return script._upgrade_revs("heads", revision)  # the documented way to upgrade without an env.py

    with EnvironmentContext(config, script, fn=upgrade, destination_rev="heads") as environment:
        environment.configure(connection=conn, target_metadata=None)
        with environment.begin_transaction():
            environment.run_migrations()
    conn.commit()


def assert_no_drift(engine: Engine, metadata: MetaData) -> None:
    """Raise SchemaDrift unless the migrated database has exactly the tables of `metadata`."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415 - as in _upgrade
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415

    with engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True, "compare_server_default": False})
        differences = compare_metadata(context, metadata)
    if differences:
        raise SchemaDrift(list(differences))


def create_chassis_tables_v1(op: Any) -> None:
    """For a service's first migration: verification_keys, revocations and idempotency_keys as of version 1.

    A later version gets a function of its own; this one never changes (a test compares it with the tables).
    """
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "verification_keys",
        sa.Column("kid", sa.String(128), primary_key=True),
        sa.Column("jwk", sa.dialects.postgresql.JSONB, nullable=False),
        sa.Column("not_after", moment, nullable=False),
    )
    op.create_table(
        "revocations",
        sa.Column("subject", sa.String(64), primary_key=True),
        sa.Column("issued_until", moment, nullable=True),
        sa.Column("at", moment, nullable=False),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("account_id", sa.String(64), primary_key=True),
        sa.Column("route", sa.String(200), primary_key=True),
        sa.Column("key_hash", sa.LargeBinary, primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("created_at", moment, nullable=False),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])


def create_allowances_v1(op: Any) -> None:
    """For a service's migration: `allowances` as of version 1."""
    op.create_table(
        "allowances",
        sa.Column("subject", sa.LargeBinary, primary_key=True),
        sa.Column("taken", sa.Integer, nullable=False),
        sa.Column("ends_at", sa.Double, nullable=False),
    )
    op.create_index("ix_allowances_ends_at", "allowances", ["ends_at"])


def chassis_metadata() -> MetaData:
    """The chassis's tables alone, as they are declared now."""
    metadata = MetaData()
    auth_tables(metadata)
    idempotency_table(metadata)
    allowances_table(metadata)
    return metadata
