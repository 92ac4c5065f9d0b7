"""Backups as an operator takes them (docs/operations/restore.md), and bringing them back under a running suite."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from nexoraz.local.credentials import Credentials
from nexoraz.local.layout import SERVICES, Layout
from nexoraz.local.parts.binaries import postgres_program
from tests.journey.demo import ROOT
from tests.journey.running import RunningSuite


def layout_of(suite: RunningSuite) -> Layout:
    return Layout(ROOT, suite.var, suite.port)


def admin(suite: RunningSuite, database: str = "postgres") -> str:
    """A superuser's DSN."""
    layout = layout_of(suite)
    password = Credentials(layout.secrets).get("postgres-admin")
    return f"postgresql://postgres:{password}@127.0.0.1:{layout.postgres_port}/{database}"


def databases(service: str) -> tuple[str, str]:
    """A service's data and its vault, which have backups of their own."""
    return f"nexoraz_{service}", f"nexoraz_{service}_vault"


@dataclass(frozen=True)
class Backup:
    """A dump of each database of a suite, as of one evening."""

    suite: RunningSuite
    folder: Path

    @classmethod
    def of(cls, suite: RunningSuite, folder: Path) -> "Backup":
        for name in (name for service in SERVICES for name in databases(service)):
            _run("pg_dump", "--format=custom", f"--file={folder / name}", f"--dbname={admin(suite, name)}")
        return cls(suite, folder)

    def bring_back(self, names: Sequence[str]) -> None:
        """Drop each of the databases, whoever is connected, and make it from its dump."""
        for name in names:
            with psycopg.connect(admin(self.suite), autocommit=True) as connection:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            _run("pg_restore", "--create", f"--dbname={admin(self.suite)}", str(self.folder / name))


def _run(program: str, *arguments: str) -> None:
    subprocess.run([postgres_program(program), *arguments], check=True, timeout=120)


@contextmanager
def standing_still(suite: RunningSuite, names: Sequence[str]) -> Iterator[None]:
    """These processes do nothing inside the `with`; then each is killed, and its supervisor starts it again."""
    pids = {name: suite.pid(name) for name in names}
    for pid in pids.values():
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids.values():
            os.kill(pid, signal.SIGKILL)
    for name, pid in pids.items():
        suite.up_again(name, pid)


def lose_the_bus(suite: RunningSuite) -> None:
    """Everything that NATS stored is gone."""
    with standing_still(suite, ["nats"]):
        shutil.rmtree(layout_of(suite).var / "nats")


def settled(suite: RunningSuite, service: str) -> list[dict[str, object]]:
    """What the service itself recorded about restores that it settled."""
    with psycopg.connect(admin(suite, f"nexoraz_{service}")) as connection:
        rows = connection.execute("SELECT data FROM events WHERE type = 'restore-settled.v1' ORDER BY position")
        return [row[0] for row in rows.fetchall()]
