"""Challenges that are out, in PostgreSQL: any process may get the answer."""

import secrets
from datetime import datetime

from sqlalchemy import DateTime, Engine, MetaData, Table, Text, delete, insert

from nexoraz.events.columns import operational, pseudonym
from nexoraz.identity.application.ports import Clock, KeyedHash


def challenges_table(metadata: MetaData) -> Table:
    return Table(
        "challenges",
        metadata,
        pseudonym("challenge_hash", Text, primary_key=True),
        operational("expires_at", DateTime(timezone=True), nullable=False, index=True),
    )


class SqlChallenges:
    """See ports.Challenges. A transaction of its own: what came back once is gone, whatever becomes of the request."""

    def __init__(self, engine: Engine, table: Table, hashes: KeyedHash, now: Clock) -> None:
        self._engine = engine
        self._table = table
        self._hashes = hashes
        self._now = now

    def give(self, purpose: str, subject: str, expires_at: datetime) -> str:
        challenge = secrets.token_urlsafe(32)
        row = {"challenge_hash": self._hash(purpose, subject, challenge), "expires_at": expires_at}
        with self._engine.begin() as connection:
            connection.execute(insert(self._table), row)
        return challenge

    def take(self, purpose: str, subject: str, challenge: str) -> bool:
        t = self._table
        taken = delete(t).where(t.c.challenge_hash == self._hash(purpose, subject, challenge)).returning(t.c.expires_at)
        with self._engine.begin() as connection:
            expires_at = connection.execute(taken).scalar()
        return expires_at is not None and self._now() < expires_at

    def _hash(self, purpose: str, subject: str, challenge: str) -> str:
        return self._hashes.keyed_hash("challenge", f"{purpose}|{subject}|{challenge}")
