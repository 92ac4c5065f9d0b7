"""PostgreSQL 18 on 127.0.0.1 with SCRAM passwords, run by us from the wheel's programs, as root too."""

import contextlib
import os
import signal
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from nexoraz.local.errors import StepFailed
from nexoraz.local.parts.binaries import postgres_program
from nexoraz.local.processes import Launch, Mode, Running, plain_environment

ADMIN = "postgres"

# A server log is plaintext on disk: error details quote the key of a unique violation, statements quote their values.
QUIET = ("log_error_verbosity=terse", "log_min_error_statement=panic", "log_statement=none")


@dataclass(frozen=True, slots=True)
class Postgres:
    """`directory` becomes the data directory. `durable=False` trades crash safety for speed, for tests only."""

    directory: Path
    port: int
    password: str = field(repr=False)
    log: Path
    durable: bool = True
    mode: Mode = "unroot"
    max_connections: int = 300
    name: str = "postgres"

    def dsn(self, database: str = "postgres", user: str = ADMIN, password: str | None = None) -> str:
        return f"postgresql://{user}:{password or self.password}@127.0.0.1:{self.port}/{database}"

    def prepare(self) -> None:
        """Initialise the cluster once. A half-made one, left by a kill, is made again: it never served."""
        if (self.directory / "PG_VERSION").exists() and not self._unfinished.exists():
            self._forget_dead_server()
            return
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        self._unfinished.touch()
        if self.directory.exists():
            _remove_tree(self.directory)
        password_file = self.directory.with_suffix(".password")
        password_file.touch(mode=0o600)
        password_file.write_text(self.password)
        try:
            self._initdb(password_file)
        finally:
            password_file.unlink()
        self._unfinished.unlink()

    def _forget_dead_server(self) -> None:
        """Remove the pid file of a server that was killed. PostgreSQL itself keeps out as long as any process has that
        id, be it a stranger's or a dead one's that nobody has reaped; we look whether it is this cluster's server."""
        file = self.directory / "postmaster.pid"
        with contextlib.suppress(FileNotFoundError, IndexError, ValueError):
            pid = int(file.read_text().splitlines()[0])
            if not _serves(pid, self.directory):
                file.unlink()

    @property
    def _unfinished(self) -> Path:
        return self.directory.with_suffix(".unfinished")

    def _initdb(self, password_file: Path) -> None:
        options = ("-U", ADMIN, "--auth=scram-sha-256", "-E", "UTF8", "--no-locale", "--data-checksums", "--no-sync")
        command = (postgres_program("initdb"), "-D", str(self.directory), f"--pwfile={password_file}", *options)
        running = Running(Launch("initdb", command, self.log, plain_environment(), mode=self.mode))
        try:
            status = running.ended_within(120)
        finally:
            running.stop()
        if status != 0:
            raise StepFailed("Initialising PostgreSQL", running.last_words())

    def launch(self) -> Launch:
        return Launch(
            name=self.name,
            command=(postgres_program("postgres"), "-D", str(self.directory), *_options(self._settings())),
            log=self.log,
            environment=plain_environment(),
            mode=self.mode,
            stop_signal=signal.SIGINT,  # "fast": sessions are ended, data is written
            death_signal=signal.SIGQUIT,  # "immediate": nobody is left to wait for; recovery replays the log
            grace_seconds=20.0,
        )

    def _settings(self) -> tuple[str, ...]:
        durability = () if self.durable else ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
        return (
            "listen_addresses=127.0.0.1",
            f"port={self.port}",
            "unix_socket_directories=",
            f"max_connections={self.max_connections}",
            "shared_buffers=96MB",
            "jit=off",
            "max_wal_size=512MB",
            *QUIET,
            *durability,
        )

    def ping(self) -> None:
        with psycopg.connect(self.dsn(), connect_timeout=2) as connection:
            connection.execute("SELECT 1")


def _serves(pid: int, directory: Path) -> bool:
    """Whether that process is a living PostgreSQL in that data directory."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == directory.resolve()
    except OSError:
        return False


def _options(settings: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(argument for setting in settings for argument in ("-c", setting))


def _remove_tree(directory: Path) -> None:
    for folder, folders, files in os.walk(directory, topdown=False):
        for name in files:
            (Path(folder) / name).unlink()
        for name in folders:
            path = Path(folder) / name
            path.unlink() if path.is_symlink() else path.rmdir()
    directory.rmdir()
