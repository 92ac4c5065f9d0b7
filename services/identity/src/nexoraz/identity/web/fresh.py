"""What takes an account over when a session is stolen needs a sign-in of the last minutes."""

from datetime import UTC, datetime, timedelta

from nexoraz.service.auth import Caller
from nexoraz.service.problems import Problem

FRESH = timedelta(minutes=15)


def require_fresh(caller: Caller) -> None:
    """Raises a 403 that says how to go on."""
    if datetime.now(UTC) - caller.authenticated_at > FRESH:
        raise Problem("sign-in-not-fresh", 403, "Sign in again, and do this within fifteen minutes")
