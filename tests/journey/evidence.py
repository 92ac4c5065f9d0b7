"""What is left of an account, read from the stores themselves as an operator could: rows, keys, objects, messages."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nats
import psycopg
from minio import Minio
from psycopg import sql

from nexoraz.local.credentials import Credentials
from nexoraz.local.layout import SERVICES, Layout

Database = psycopg.Connection[tuple[Any, ...]]
ERASURE_RECORD = "record of the request"
KEPT_ON_PURPOSE = {
    "billing.purchases": "accounting law; pseudonymous",
    "erased_accounts": "the tombstone that refuses to begin again",
    "revocations": "refuses the tokens of the erased",
    ERASURE_RECORD: "that the erasure ran; pseudonymous",
}


@dataclass(frozen=True)
class Evidence:
    """Counts of what the stores hold about one account. rows: by "service.table"; keys: living data keys;
    objects: versions in the buckets; messages: on the bus under the account's subjects, by service."""

    rows: dict[str, int]
    keys: int
    objects: int
    messages: dict[str, int]

    def unexpected_rows(self) -> dict[str, int]:
        """Rows that no stated reason keeps."""
        kept = set(KEPT_ON_PURPOSE)
        return {name: n for name, n in self.rows.items() if name not in kept and name.partition(".")[2] not in kept}


def gather(root: Path, var: Path, port: int, account_id: str) -> Evidence:
    """Read every store of the suite in `var`. Needs the admin passwords that `make run` made."""
    layout = Layout(root, var, port)
    credentials = Credentials(layout.secrets)
    return Evidence(
        rows=_rows(layout, credentials, account_id),
        keys=_keys(layout, credentials, account_id),
        objects=_objects(layout, credentials, account_id),
        messages=asyncio.run(_messages(layout, credentials, account_id)),
    )


def _connect(layout: Layout, credentials: Credentials, database: str) -> Database:
    password = credentials.get("postgres-admin")
    return psycopg.connect(
        host="127.0.0.1", port=layout.postgres_port, user="postgres", password=password, dbname=database
    )


def _rows(layout: Layout, credentials: Credentials, account_id: str) -> dict[str, int]:
    """Rows in which the account's id stands anywhere, by table: the search knows no data map."""
    found: dict[str, int] = {}
    for service in SERVICES:
        with _connect(layout, credentials, f"nexoraz_{service}") as database:
            tables = database.execute("SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'public'").fetchall()
            for (table,) in tables:
                found |= _mentions(database, service, str(table), account_id)
    return found


def _mentions(database: Database, service: str, table: str, account_id: str) -> dict[str, int]:
    """The account's history is one thing; the record that its erasure ran, which belongs to no account, another."""
    record = sql.SQL("t.account_id = ''") if table == "events" else sql.SQL("false")
    query = sql.SQL("SELECT {}, count(*) FROM {} t WHERE strpos(t::text, %s) > 0 GROUP BY 1")
    rows = database.execute(query.format(record, sql.Identifier(table)), (account_id,)).fetchall()
    return {f"{service}.{ERASURE_RECORD if is_record else table}": n for is_record, n in rows}


def _keys(layout: Layout, credentials: Credentials, account_id: str) -> int:
    total = 0
    for service in SERVICES:
        with _connect(layout, credentials, f"nexoraz_{service}_vault") as vault:
            row = vault.execute("SELECT count(*) FROM vault_keys WHERE account_id = %s", (account_id,)).fetchone()
            total += row[0] if row else 0
    return total


def _objects(layout: Layout, credentials: Credentials, account_id: str) -> int:
    total = 0
    for service in ("assets", "render", "privacy"):
        key = f"nexoraz-{service}"
        address, secret = f"127.0.0.1:{layout.s3_port}", credentials.get(f"s3-{key}")
        client = Minio(address, access_key=key, secret_key=secret, secure=False, region="us-east-1")
        total += sum(1 for _ in client.list_objects(key, prefix=account_id, recursive=True, include_version=True))
    return total


async def _messages(layout: Layout, credentials: Credentials, account_id: str) -> dict[str, int]:
    password = credentials.get("nats-operator")
    client = await nats.connect(f"nats://127.0.0.1:{layout.nats_port}", user="operator", password=password)
    found: dict[str, int] = {}
    for service in SERVICES:
        subject = f"nexoraz.{service}.*.*.*.{account_id}"
        info = await client.jetstream().stream_info(f"NEXORAZ_{service.upper()}", subjects_filter=subject)
        found[service] = sum((info.state.subjects or {}).values())
    await client.close()
    return found
