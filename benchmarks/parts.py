"""PostgreSQL and NATS of this run, as durable as in production, and our processes on them."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from secrets import token_hex

import psycopg
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine

from benchmarks.figures import Scale
from nexoraz.events.migrations import create_kernel_tables_v1, create_legal_holds_v2
from nexoraz.local import ports
from nexoraz.local.credentials import Credentials
from nexoraz.local.layout import Layout
from nexoraz.local.parts.binaries import postgres_program
from nexoraz.local.parts.nats import OPERATOR
from nexoraz.local.processes import Part, Running, start
from nexoraz.local.suite import Suite
from nexoraz.service.database import make_engine

ROOT = Path(__file__).resolve().parents[1]
PORTS = 41


class Parts:
    """Each part starts when it is first asked for; all end with the `with` block. Data lies below `folder`."""

    def __init__(self, folder: Path, scale: Scale) -> None:
        self.folder = folder
        self.scale = scale
        self.layout = Layout(ROOT, folder / "var", ports.free_range(PORTS))
        self._running = ExitStack()
        self.layout.make_folders()
        self.suite = Suite(self.layout, Credentials(self.layout.secrets), ("render", "billing"))

    def __enter__(self) -> "Parts":
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def started(self, part: Part) -> Running:
        running = start(part)
        self._running.callback(running.stop)
        return running

    @cached_property
    def admin_dsn(self) -> str:
        """The DSN of the database `postgres`; fsync is on."""
        self.started(self.suite.postgres)
        return self.suite.postgres.dsn()

    @cached_property
    def nats_url(self) -> str:
        self.started(self.suite.nats)
        return self.suite.nats.url

    def password(self, user: str) -> str:
        """Of a user of NATS."""
        assert user == OPERATOR or user in self.suite.nats.passwords
        return self.suite.nats.passwords[user]

    def database(self) -> str:
        """The DSN of a new empty database."""
        name = f"bench_{token_hex(6)}"
        with psycopg.connect(self.admin_dsn, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.suite.postgres.dsn(name)

    def kernel_engine(self, pool_size: int = 8) -> Engine:
        """An engine as a service has it, on a new database with the kernel's tables."""
        engine = make_engine(self.database(), pool_size=pool_size)
        with engine.begin() as connection:
            op = Operations(MigrationContext.configure(connection))
            create_kernel_tables_v1(op)
            create_legal_holds_v2(op)
        return engine

    def plain_engine(self) -> Engine:
        """An engine on a new empty database."""
        return make_engine(self.database())

    def migrated(self) -> None:
        """The databases of the services that are measured over HTTP."""
        assert self.admin_dsn
        suite = self.suite
        suite.databases_provided()
        migrating = Running(suite.migrations())
        status = migrating.ended_within(120)
        migrating.stop()
        if status != 0:
            raise RuntimeError(f"migrations failed: {migrating.last_words()}")

    @contextmanager
    def program(self, *command: str, **environment: str) -> Iterator[int]:
        """A process beside ours; gives its id."""
        log = (self.folder / f"{token_hex(4)}.log").open("wb")
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stdout=log, stderr=log)
        try:
            yield process.pid
        finally:
            process.terminate()
            process.wait(60)
            log.close()

    def pgbench(self, dsn: str, script: str, clients: int, seconds: float) -> float:
        """Transactions per second of a script by PostgreSQL's own client, prepared."""
        file = self.folder / f"{token_hex(4)}.sql"
        file.write_text(script)
        whole = str(max(1, round(seconds)))
        options = ("-n", "-M", "prepared", "-c", str(clients), "-T", whole, "-f", str(file))
        run = subprocess.run((postgres_program("pgbench"), *options, dsn), capture_output=True, text=True, check=True)
        return float(run.stdout.split("tps = ")[1].split(" ")[0])
