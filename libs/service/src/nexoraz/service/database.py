"""Engines with limits: a statement, a lock, an idle transaction and the wait for a connection all end in time.

With the defaults a request waits at most 2 s for a connection and 5 s for a statement; then it fails as a 503. The
text of an error never holds a value: PostgreSQL quotes the offending key ("Key (email)=(…) already exists"), so
the text is replaced by SQLSTATE, constraint and table. Set `log_error_verbosity = terse` and
`log_parameter_max_length_on_error = 0` on the server too; that is the server's own log.
"""

import select
from collections.abc import Callable
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import NullPool

from nexoraz.service.settings import Secret

POOL_WAIT = 2.0
"""Seconds to wait for a connection of the pool."""


def driver_url(url: str | Secret) -> str:
    """`postgresql://…` as SQLAlchemy's URL for psycopg 3."""
    text = url.reveal() if isinstance(url, Secret) else url
    for scheme in ("postgresql://", "postgres://"):
        if text.startswith(scheme):
            return "postgresql+psycopg://" + text.removeprefix(scheme)
    return text


def make_engine(
    url: str | Secret,
    pool_size: int = 8,
    statement_timeout_ms: int = 5_000,
    lock_timeout_ms: int = 2_000,
    application_name: str = "nexoraz",
) -> Engine:
    """An engine of at most `pool_size` connections. Connects when it is first used. Give each process its own."""
    options = {
        "statement_timeout": statement_timeout_ms,
        "lock_timeout": lock_timeout_ms,
        "idle_in_transaction_session_timeout": statement_timeout_ms * 2,
    }
    engine = create_engine(
        driver_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT,
        pool_use_lifo=True,
        hide_parameters=True,
        connect_args=_connect_arguments(options, application_name),
    )
    event.listen(engine, "checkout", _refuse_dead)
    event.listen(engine, "handle_error", _without_values)
    return engine


def migration_engine(url: str | Secret) -> Engine:
    """An engine for migrations: statements may take long, but no lock is waited for longer than ten seconds."""
    options = {"statement_timeout": 0, "lock_timeout": 10_000}
    arguments = _connect_arguments(options, "nexoraz-migrate")
    engine = create_engine(driver_url(url), poolclass=NullPool, hide_parameters=True, connect_args=arguments)
    event.listen(engine, "handle_error", _without_values)
    return engine


def _connect_arguments(options: dict[str, int], application_name: str) -> dict[str, Any]:
    limits = " ".join(f"-c {name}={value}" for name, value in options.items())
    return {
        "options": f"{limits} -c TimeZone=UTC",  # any other name of it costs the driver twice the time for each stamp
        "application_name": application_name,
        "connect_timeout": 3,
    }


def _refuse_dead(connection: Any, _record: object, _proxy: object) -> None:
    """Notice without a round trip that the server hung up: an idle connection has nothing to read but its end."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        raise DisconnectionError("the server ended this connection")


def _without_values(context: ExceptionContext) -> None:
    original = context.original_exception
    if not isinstance(original, psycopg.Error) or original.sqlstate is None:
        return
    withhold_values(original)
    if context.sqlalchemy_exception is not None:
        context.sqlalchemy_exception.args = original.args


def withhold_values(error: psycopg.Error) -> None:
    """Replace the text of an error that the database sent."""
    if error.sqlstate is not None:
        error.args = (describe_database_error(error),)


def describe_database_error(error: psycopg.Error) -> str:
    """What may be said about a database error: its kind and the objects of ours that it names."""
    diagnosis = error.diag
    facts = {"table": diagnosis.table_name, "column": diagnosis.column_name, "constraint": diagnosis.constraint_name}
    named = ", ".join(f"{name} {value}" for name, value in facts.items() if value)
    return f"{type(error).__name__} {error.sqlstate}" + (f" ({named})" if named else "")


def ping(engine: Engine) -> Callable[[], object]:
    """A readiness check that asks the database for one row."""

    def check() -> object:
        with engine.connect() as conn:
            return conn.exec_driver_sql("select 1").scalar_one()

    return check
