"""pytest plugin: the fixtures `postgres`, `database`, `migrated_database`, `nats` and `s3`.

Every test process (with xdist: every worker) has servers of its own, because a transaction left open in one database
delays readers in all others of the same server, and because the names of streams are fixed by the permissions under
test. A server starts when the first test asks for it and ends with the process, however that ends.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from nexoraz.local.testing.folders import MEMORY, own_folder
from nexoraz.local.testing.real import Bucket, Migrate, RealNats, RealPostgres, RealS3, dropped_at_the_end


class NewDatabase(Protocol):
    def __call__(self) -> str:
        """DSN of a new empty database."""


class NewMigratedDatabase(Protocol):
    def __call__(self, key: str, migrate: Migrate) -> str:
        """DSN of a new database as `migrate(dsn)` leaves one; it runs once per `key` and process, then it is copied."""


@pytest.fixture(scope="session")
def parts_folder() -> Iterator[Path]:
    with own_folder(Path(tempfile.gettempdir())) as folder:
        yield folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[RealPostgres]:
    """The PostgreSQL server itself; `postgres.admin_dsn` is its superuser's DSN. Its files are in memory where there is
    room: making a database of its own for every test then costs a tenth."""
    with own_folder(MEMORY) as folder:
        server = RealPostgres(folder)
        yield server
        server.stop()


@pytest.fixture
def database(postgres: RealPostgres) -> Iterator[NewDatabase]:
    """`database()` gives the DSN of a new empty database; all are dropped after the test."""
    with dropped_at_the_end(postgres) as names:

        def new() -> str:
            names.append(postgres.create())
            return postgres.dsn(names[-1])

        yield new


@pytest.fixture
def migrated_database(postgres: RealPostgres) -> Iterator[NewMigratedDatabase]:
    """`migrated_database("identity", migrate)` gives the DSN of a new database that `migrate(dsn)` prepared once."""
    with dropped_at_the_end(postgres) as names:

        def new(key: str, migrate: Migrate) -> str:
            names.append(postgres.create(postgres.template(key, migrate)))
            return postgres.dsn(names[-1])

        yield new


@pytest.fixture(scope="class")
def shared_database(postgres: RealPostgres) -> Iterator[NewMigratedDatabase]:
    """As `migrated_database`, for the tests of a class that share what they work on."""
    with dropped_at_the_end(postgres) as names:

        def new(key: str, migrate: Migrate) -> str:
            names.append(postgres.create(postgres.template(key, migrate)))
            return postgres.dsn(names[-1])

        yield new


@pytest.fixture(scope="session")
def nats_server(parts_folder: Path) -> Iterator[RealNats]:
    server = RealNats(parts_folder)
    yield server
    server.stop()


@pytest.fixture
def nats(nats_server: RealNats) -> RealNats:
    """The NATS server, running and without streams, whatever the test before did to it."""
    nats_server.reset()
    return nats_server


@pytest.fixture(scope="session")
def s3_server(parts_folder: Path) -> Iterator[RealS3]:
    server = RealS3(parts_folder)
    yield server
    server.stop()


@pytest.fixture
def s3(s3_server: RealS3) -> Bucket:
    """A new versioned bucket on the S3 server."""
    s3_server.start()
    return s3_server.create_bucket()
