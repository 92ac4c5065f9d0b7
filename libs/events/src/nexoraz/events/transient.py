"""Which database errors are nobody's fault and go away: lost connections, deadlocks, serialization, lock time-outs."""

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

WAITED_OUT = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout)


def is_transient(error: BaseException) -> bool:
    """Whether trying again later may help without anything changing in the message or task."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(error.orig, WAITED_OUT)
    return isinstance(error, WAITED_OUT)
