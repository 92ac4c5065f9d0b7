"""What the parts hold before a service starts: roles, databases, buckets. Everything may run again at any time."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
from psycopg import sql

from nexoraz.local.parts.postgres import Postgres
from nexoraz.local.parts.s3 import S3


def database_names(service: str) -> tuple[str, str]:
    """The service's data and its vault. Each is the name of a database and of the role that owns it."""
    return f"nexoraz_{service}", f"nexoraz_{service}_vault"


def provide_databases(postgres: Postgres, passwords: dict[str, str]) -> None:
    """A role and a database of the same name for each of `passwords`; nobody but the role may connect to it."""
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
        present = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
        for name, password in passwords.items():
            verb = sql.SQL("ALTER" if name in known else "CREATE")
            statement = sql.SQL("{} ROLE {} LOGIN PASSWORD {}")
            connection.execute(statement.format(verb, sql.Identifier(name), sql.Literal(password)))
        missing = [name for name in passwords if name not in present]
        for name in missing:
            connection.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(name)))
        for name in (*passwords, "postgres", "template1"):
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))


def provide_buckets(s3: S3) -> None:
    """A versioned bucket for each service that has one."""
    buckets = sorted(set(s3.buckets.values()))
    with ThreadPoolExecutor(len(buckets)) as pool:
        list(pool.map(s3.create_bucket, buckets))
