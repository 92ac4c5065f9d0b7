"""What the chassis keeps for a while, removed when it is without effect. Every worker does it now and then."""

import time

from nexoraz.service.allowances import purge_allowances
from nexoraz.service.connections import AnyConnection, run
from nexoraz.service.idempotency import purge_expired
from nexoraz.service.revocations import purge_revocations

_KEYS = "delete from verification_keys where not_after < now() - interval '1 day'"


def purge_chassis(conn: AnyConnection) -> None:
    """Remembered answers older than a day, refusals of tokens that have ended, keys past their end (no token that
    they signed is valid), and windows of allowances that have ended."""
    purge_allowances(conn, time.time())
    purge_expired(conn)
    purge_revocations(conn)
    run(conn, _KEYS, {})
