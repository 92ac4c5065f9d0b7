"""Mail that privacy asks for, to an address that somebody wrote to us: an answer, or whether a request is theirs.

Whether the address has an account is not told, not to privacy either: the answer is the same. Somebody without one is
answered when they asked a question, and is not asked to confirm what they could not do.
"""

from dataclasses import dataclass
from datetime import timedelta

import msgspec

from nexoraz.events.rpc import RpcRefused
from nexoraz.events.store import EventStore
from nexoraz.identity.application.ports import Accounts, Clock, Mailbox
from nexoraz.identity.domain.email_address import EmailAddressInvalid, normalised

SUBJECT = "rpc.identity.write-to"
ASKER, ANSWER, CONFIRM = "privacy", "support-answer", "confirm-request"
MOST, WINDOW = 5, timedelta(days=1)


class Letter(msgspec.Struct, frozen=True):
    id: str
    to: str
    kind: str
    facts: dict[str, str]


@dataclass(frozen=True, slots=True)
class ReferredMail:
    store: EventStore
    accounts: Accounts
    mailbox: Mailbox
    now: Clock

    def __call__(self, asker: str, payload: bytes) -> bytes:
        """The handler of SUBJECT. Raises RpcRefused."""
        try:
            letter = msgspec.json.decode(payload, type=Letter)
            address = normalised(letter.to)
        except (msgspec.MsgspecError, EmailAddressInvalid):
            raise RpcRefused("malformed") from None
        if asker != ASKER or letter.kind not in (ANSWER, CONFIRM):
            raise RpcRefused("not-yours")
        self._post(letter, address)
        return b"{}"

    def _post(self, letter: Letter, address: str) -> None:
        with self.store.transaction() as tx:
            known = self.accounts.find(tx, address)
            verified = known is not None and bool(known.verified_by)
            if letter.kind == CONFIRM and not verified:
                return
            owner = known.account_id if known is not None and verified else letter.id
            if self.mailbox.posted_since(tx, owner, letter.kind, self.now() - WINDOW) < MOST:
                self.mailbox.post(tx, owner, letter.kind, address, letter.facts)
