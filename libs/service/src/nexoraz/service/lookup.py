"""The one statement that runs for every authenticated request, on connections of its own, at the driver's lowest level.

Through SQLAlchemy and the driver's cursor this look-up costs 200 µs of processor time, more than all else that a
small request needs; as a prepared statement on libpq it costs about 20 and one round trip.
"""

import threading
from typing import Any, cast

import psycopg
from psycopg import pq
from sqlalchemy import Engine

CONNECTIONS = 2
"""Per process, beside the engine's pool. A look-up takes some 60 µs, so two serve thousands a second."""
WAIT = 2.0
"""Seconds to wait for one of them."""
_NAME = b"nexoraz_is_revoked"
_STATEMENT = b"""
select exists (select from revocations where subject in ($1::text, $2::text)
               and (issued_until is null or issued_until >= to_timestamp($3::bigint)))"""


class RevocationLookup:
    """Asks the database whether a session or account is refused. Safe for threads; connects when first used."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._free: list[psycopg.Connection[Any]] = []
        self._turns = threading.BoundedSemaphore(CONNECTIONS)

    def is_revoked(self, account_id: str, session_id: str, issued_at: int) -> bool:
        """Whether tokens of this account or session, issued then (Unix seconds), are refused now.

        Raises psycopg.OperationalError when the database cannot answer, so that the request fails closed.
        """
        arguments = [account_id.encode(), session_id.encode(), b"%d" % issued_at]
        if not self._turns.acquire(timeout=WAIT):
            raise psycopg.OperationalError("no connection became free for the revocation look-up")
        try:
            return self._ask(arguments)
        finally:
            self._turns.release()

    def _ask(self, arguments: list[bytes]) -> bool:
        while self._free:
            conn = self._free.pop()
            result = _execute(conn, arguments)
            if result is not None:
                return self._understood(conn, result)
            conn.close()  # the server hung up while it was idle: try the next, then a new one
        conn = self._connect()
        result = _execute(conn, arguments)
        if result is None:
            conn.close()
            raise psycopg.OperationalError("the database hung up during the revocation look-up")
        return self._understood(conn, result)

    def _understood(self, conn: psycopg.Connection[Any], result: pq.abc.PGresult) -> bool:
        if result.status != pq.ExecStatus.TUPLES_OK:
            conn.close()
            raise psycopg.OperationalError("the revocation look-up was refused by the database")
        self._free.append(conn)
        return result.get_value(0, 0) == b"t"

    def _connect(self) -> psycopg.Connection[Any]:
        pooled = self._engine.raw_connection()
        conn = cast("psycopg.Connection[Any]", pooled.driver_connection)
        pooled.detach()  # made as the engine makes them, and from now on ours
        conn.rollback()
        conn.autocommit = True
        prepared = conn.pgconn.prepare(_NAME, _STATEMENT)
        if prepared.status != pq.ExecStatus.COMMAND_OK:
            conn.close()
            raise psycopg.OperationalError("the revocation look-up could not be prepared")
        return conn


def _execute(conn: psycopg.Connection[Any], arguments: list[bytes]) -> pq.abc.PGresult | None:
    """The result, or None when the connection turned out to be dead. Releases the interpreter while it waits."""
    try:
        result = conn.pgconn.exec_prepared(_NAME, cast("Any", arguments))
    except psycopg.OperationalError:
        return None
    return None if conn.pgconn.status != pq.ConnStatus.OK else result
