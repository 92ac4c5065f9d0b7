"""What the chassis keeps for a while, removed when it is without effect. Every worker does it now and then."""

from nexoraz.service.connections import AnyConnection, run
from nexoraz.service.idempotency import purge_expired
from nexoraz.service.revocations import purge_revocations

_KEYS = "delete from verification_keys where not_after < now() - interval '1 day'"


def purge_chassis(conn: AnyConnection) -> None:
    """Remembered answers older than a day, refusals of tokens that have ended, and keys past their end (no token that
    they signed is valid)."""
    purge_expired(conn)
    purge_revocations(conn)
    run(conn, _KEYS, {})
