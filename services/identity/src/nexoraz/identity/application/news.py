"""News by mail: only with a yes, never to an address that said stop (clause RT4; RFC 8058).

The link in a mail names the address by its keyed hash and proves itself by another one, so that it works without a
sign-in, needs no record of its own, and still works when the account is erased. What it leaves is that keyed hash: an
address that comes back is known to have said stop.
"""

import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from nexoraz.events.registry import ERASED
from nexoraz.events.store import Transaction, load
from nexoraz.identity.application.ports import Clock, KeyedHash, Mailbox
from nexoraz.identity.application.registration import account_stream
from nexoraz.identity.domain.account import ACCOUNT

WELCOME, MARKETING = "news-welcome", "marketing"
PAUSE = timedelta(days=1)
RECIPIENT, LINK = "mail-recipient", "unsubscribe-link"


class Suppressions(Protocol):
    """Addresses that want no mail but the essential."""

    def add(self, tx: Transaction, recipient_hash: str) -> None:
        """Idempotent."""
        ...

    def has(self, tx: Transaction, recipient_hash: str) -> bool: ...


class UnsubscribeLinkUnknown(Exception):
    """The link is not one of ours."""


@dataclass(frozen=True, slots=True)
class News:
    mailbox: Mailbox
    suppressions: Suppressions
    hashes: KeyedHash
    now: Clock

    def token(self, address: str) -> str:
        """What the link to stop holds: always the same for an address."""
        recipient = self.hashes.keyed_hash(RECIPIENT, address)
        return f"{recipient}.{self.hashes.keyed_hash(LINK, recipient)}"

    def stop(self, tx: Transaction, token: str) -> None:
        """No more mail to that address but the essential. Raises UnsubscribeLinkUnknown."""
        self.suppressions.add(tx, self.recipient(token))

    def recipient(self, token: str) -> str:
        """The keyed hash of the address that the link is for. Raises UnsubscribeLinkUnknown."""
        recipient, _, proof = token.partition(".")
        if not hmac.compare_digest(proof.encode(), self.hashes.keyed_hash(LINK, recipient).encode()):
            raise UnsubscribeLinkUnknown
        return recipient

    def is_stopped(self, tx: Transaction, address: str) -> bool:
        return self.suppressions.has(tx, self.hashes.keyed_hash(RECIPIENT, address))

    def welcome(self, tx: Transaction, account_id: str) -> None:
        """The account said yes to news: the first of them is on its way, at most one a day."""
        if tx.is_erased(account_id):
            return
        state, _ = load(tx, ACCOUNT, account_stream(account_id))
        if not state.verified or state.email == ERASED or self.is_stopped(tx, state.email):
            return
        if not self.mailbox.posted_since(tx, account_id, WELCOME, self.now() - PAUSE):
            self.mailbox.post(tx, account_id, WELCOME, state.email, {})
