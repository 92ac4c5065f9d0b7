"""Seeing where one is signed in, and ending it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from nexoraz.events.store import EventStore, Transaction, execute, load, repeated
from nexoraz.identity.application.ports import Clock, ListedSession, Sessions
from nexoraz.identity.application.session_starts import session_stream
from nexoraz.identity.domain.session import (
    OPERATOR_REVOKED,
    SESSION,
    SIGNED_OUT,
    SIGNED_OUT_EVERYWHERE,
    RevokeSession,
    SessionUnknown,
)

AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class SessionEnds:
    store: EventStore
    sessions: Sessions
    now: Clock

    def listed(self, account_id: str, after: tuple[Any, ...] | None, limit_: int) -> list[ListedSession]:
        """The living sessions of an account, newest first."""
        key: tuple[datetime, UUID] | None = (after[0], after[1]) if after else None
        with self.store.transaction() as tx:
            return self.sessions.of_account(tx, account_id, key, limit_, self.now())

    def sign_out(self, account_id: str, session_id: str) -> None:
        """Revoke one session of this account; again changes nothing. Raises SessionUnknown for any other."""
        repeated(self.store, lambda tx: self._revoke(tx, account_id, session_id, SIGNED_OUT))

    def sign_out_everywhere(self, account_id: str) -> None:
        """Revoke every living session of the account."""
        repeated(self.store, lambda tx: self.end_all(tx, account_id, SIGNED_OUT_EVERYWHERE))

    def end_operators_sessions(self, account_id: str) -> None:
        """Revoke every living session of an account that is no operator's any more."""
        repeated(self.store, lambda tx: self.end_all(tx, account_id, OPERATOR_REVOKED))

    def end_all(self, tx: Transaction, account_id: str, reason: str, but: str = "") -> None:
        """Revoke every living session of the account, but one, in the transaction that gives the reason to."""
        after: tuple[datetime, UUID] | None = None
        while living := self.sessions.of_account(tx, account_id, after, AT_ONCE, self.now()):
            for session in living:
                if str(session.id) != but:
                    self._revoke(tx, account_id, str(session.id), reason)
            after = living[-1].created_at, living[-1].id

    def _revoke(self, tx: Transaction, account_id: str, session_id: str, reason: str) -> None:
        stream = session_stream(session_id, account_id)
        state, _ = load(tx, SESSION, stream)
        if state.account_id != account_id:
            raise SessionUnknown
        execute(tx, SESSION, stream, RevokeSession(session_id, reason, self.now()))
