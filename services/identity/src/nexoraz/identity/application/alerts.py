"""Telling people by mail what somebody did with their account, so that they notice when it was not they (clause U2)."""

from dataclasses import dataclass

from nexoraz.events.registry import ERASED
from nexoraz.events.store import Transaction, load
from nexoraz.identity.application.ports import Clock, Mailbox
from nexoraz.identity.application.registration import account_stream
from nexoraz.identity.domain.account import ACCOUNT

CREDENTIAL_CHANGED, NEW_DEVICE = "credential-changed", "new-device"
PASSWORD, ADDRESS = "password", "email address"
"""What was changed, as the mail says it."""


@dataclass(frozen=True, slots=True)
class Alerts:
    mailbox: Mailbox
    now: Clock

    def credential_changed(self, tx: Transaction, account_id: str, what: str, done: str = "changed") -> None:
        """`done`: "changed", "added", "removed" or "used"."""
        self.tell(tx, account_id, CREDENTIAL_CHANGED, {"what": what, "done": done})

    def tell(self, tx: Transaction, account_id: str, kind: str, facts: dict[str, str], to: str = "") -> None:
        """Mail the account's address, or another one that was its address until now. In the transaction of the
        change, so that there is none without its alert."""
        state, _ = load(tx, ACCOUNT, account_stream(account_id))
        address = to or state.email
        if state.verified and address != ERASED:
            at = f"{self.now():%d %B %Y, %H:%M} UTC"
            self.mailbox.post(tx, account_id, kind, address, {**facts, "at": at})
