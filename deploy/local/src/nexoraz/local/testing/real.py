"""What a test gets in its hands: real servers with the operations that tests need."""

import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

import nats
import psycopg
from minio import Minio
from nats.aio.client import Client
from psycopg import sql

from nexoraz.local import ports
from nexoraz.local.parts.nats import OPERATOR, SERVICES, Nats, inbox_prefix, request
from nexoraz.local.parts.postgres import Postgres
from nexoraz.local.parts.s3 import ADMIN, PORTS, S3
from nexoraz.local.processes import Running, start

Migrate = Callable[[str], None]


class RealPostgres:
    """A PostgreSQL server of this test process. DSNs are `postgresql://user:password@127.0.0.1:port/database`."""

    def __init__(self, folder: Path) -> None:
        self.part = Postgres(
            folder / "postgres", ports.free_range(1), token_hex(12), folder / "postgres.log", durable=False
        )
        self.running = start(self.part)

    @property
    def admin_dsn(self) -> str:
        return self.part.dsn()

    def dsn(self, database: str) -> str:
        return self.part.dsn(database)

    def execute(self, statement: sql.Composed | sql.SQL) -> None:
        """One administrative statement outside a transaction."""
        with psycopg.connect(self.admin_dsn, autocommit=True) as connection:
            connection.execute(statement)

    def create(self, template: str = "template0") -> str:
        """A new database; returns its name."""
        name = f"test_{token_hex(8)}"
        # Copying the files takes half as long as writing each page to the log, where nothing must survive a crash.
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        self.execute(copy.format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop(self, name: str) -> None:
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def template(self, key: str, migrate: Migrate) -> str:
        """The name of the template that `migrate` filled; made by the first caller of `key`. `migrate` gets the DSN and
        must have closed its connections when it returns."""
        name = f"template_{zlib.crc32(key.encode()):08x}"
        with psycopg.connect(self.admin_dsn) as connection:
            made = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
        if made is None:
            draft = self.create()
            migrate(self.dsn(draft))
            self.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(draft), sql.Identifier(name)))
        return name

    def stop(self) -> None:
        self.running.stop()

    def restart(self) -> None:
        """The server crashes and comes back on the same port, with what it had."""
        self.running.process.kill()
        self.running.stop()
        self.running = start(self.part)


class RealNats:
    """A NATS server of this test process with the users and permissions of production. Each user's password is its
    name with `-password` after it. guests: participants beside the five services."""

    def __init__(self, folder: Path, guests: tuple[str, ...] = ()) -> None:
        self.passwords = {user: f"{user}-password" for user in (*SERVICES, *guests, OPERATOR)}
        port, log = ports.free_range(1), folder / "nats.log"
        self.part = Nats(folder / "nats", port, self.passwords, log, guests=guests)
        self.running: Running = start(self.part)

    @property
    def url(self) -> str:
        return self.part.url

    async def connect(self, user: str = OPERATOR, **options: Any) -> Client:
        """A new connection as one of the users, with nats-py's own options. The caller closes it."""
        chosen = {"allow_reconnect": False, "inbox_prefix": inbox_prefix(user), **options}
        return await nats.connect(self.url, user=user, password=self.passwords[user], **chosen)

    def stop(self) -> None:
        """Take the server away; what JetStream holds stays on disk."""
        self.running.stop()

    def start(self) -> None:
        """Bring the server back on the same port. Harmless when it runs."""
        if not self.running.alive():
            self.running = start(self.part)

    def reset(self) -> None:
        """Running, and without any stream."""
        self.start()
        names = json.loads(self._ask("$JS.API.STREAM.NAMES")).get("streams") or []
        for name in names:
            self._ask(f"$JS.API.STREAM.DELETE.{name}")

    def _ask(self, subject: str) -> bytes:
        return request(self.part.port, OPERATOR, self.passwords[OPERATOR], subject)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A versioned bucket of one test and the credentials that reach it."""

    endpoint: str
    bucket: str
    access_key: str
    secret_key: str = field(repr=False)

    def client(self) -> Minio:
        address = self.endpoint.removeprefix("http://")
        return Minio(address, self.access_key, self.secret_key, secure=False, region="us-east-1")


class RealS3:
    """An S3 server of this test process; its operator reaches every bucket."""

    def __init__(self, folder: Path) -> None:
        secrets = {ADMIN: token_hex(16)}
        self.part = S3(folder / "s3", ports.free_range(PORTS), secrets, folder / "s3.log")
        self.running: Running = start(self.part)

    def create_bucket(self) -> Bucket:
        bucket = f"test-{token_hex(8)}"
        self.part.create_bucket(bucket)
        return Bucket(self.part.endpoint, bucket, ADMIN, self.part.secrets[ADMIN])

    def stop(self) -> None:
        self.running.stop()
        self.part.remove_sockets()

    def start(self) -> None:
        if not self.running.alive():
            self.running = start(self.part)


@contextmanager
def dropped_at_the_end(server: RealPostgres) -> Iterator[list[str]]:
    """Names put into the list are dropped when the block ends."""
    names: list[str] = []
    try:
        yield names
    finally:
        for name in names:
            server.drop(name)
