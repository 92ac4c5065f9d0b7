"""Forgets by itself what has had its time."""

from sqlalchemy import Engine

from nexoraz.service.auth import purge_revocations
from nexoraz.service.idempotency import purge_expired


class Housekeeping:
    """Called every hour by one worker at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __call__(self) -> None:
        """Remembered answers older than a day, and refusals of tokens that have expired anyway."""
        with self._engine.begin() as connection:
            purge_expired(connection)
            purge_revocations(connection)
