"""The last mail of an account: sent before its keys are destroyed, since afterwards nobody can read the address."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from nexoraz.events.registry import ERASED
from nexoraz.events.store import EventStore, Transaction, load
from nexoraz.identity.application.ports import Clock
from nexoraz.identity.application.registration import account_stream
from nexoraz.identity.application.sending import RecipientRefused, Sending, TransportUnavailable
from nexoraz.identity.domain.account import ACCOUNT

PATIENCE = timedelta(minutes=5)
"""So long an erasure waits for a mail system that is away; then the person's data goes without a mail."""


class ErasureBeginnings(Protocol):
    def erasure_began_at(self, tx: Transaction, account_id: str) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Farewell:
    store: EventStore
    beginnings: ErasureBeginnings
    sending: Sending
    now: Clock

    def say(self, account_id: str, request_id: str) -> None:
        """Repeatable: a repeat has the same Message-ID. Raises TransportUnavailable within PATIENCE."""
        with self.store.transaction() as tx:
            began_at = self.beginnings.erasure_began_at(tx, account_id)
            state, _ = load(tx, ACCOUNT, account_stream(account_id))
        if not state.verified or state.email == ERASED:
            return
        try:
            self.sending.send_at_once(f"erasure-{request_id}", state.email, "account-erased")
        except RecipientRefused:
            return
        except TransportUnavailable:
            if began_at is None or self.now() - began_at < PATIENCE:
                raise
