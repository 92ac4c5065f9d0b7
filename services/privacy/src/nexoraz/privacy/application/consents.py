"""Choosing, heeding a browser's signal, and proving both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nexoraz.events.event import Stream
from nexoraz.events.store import Transaction, execute, load
from nexoraz.privacy.application.ports import Clock, SigningKeys
from nexoraz.privacy.domain import consent as c
from nexoraz.privacy.domain.receipt import receipt


@dataclass(frozen=True, slots=True)
class Consents:
    """issuer: public URL. An account's id, or a visitor's, says whose consents they are."""

    signing: SigningKeys
    clock: Clock
    new_id: Callable[[], str]
    policy_version: str
    issuer: str

    def choose(
        self, tx: Transaction, account_id: str, purpose: c.ConsentPurpose, *, given: bool, signalled: bool
    ) -> None:
        """Raises PrivacyControlSent, AccountErased."""
        command = c.DecideConsent(
            account_id, purpose, given, signalled, self.policy_version, self.new_id(), self.clock()
        )
        execute(tx, c.consents, consents_stream(account_id), command)

    def heed(self, tx: Transaction, account_id: str) -> None:
        """A request of theirs carried the signal: end what they had allowed before."""
        ids = {purpose: self.new_id() for purpose in c.SIGNALLED}
        command = c.HeedSignal(account_id, self.policy_version, ids, self.clock())
        execute(tx, c.consents, consents_stream(account_id), command)

    def standing(self, tx: Transaction, account_id: str) -> c.Consents:
        """What they allow."""
        return load(tx, c.consents, consents_stream(account_id))[0]

    def history(self, tx: Transaction, account_id: str) -> Sequence[c.ConsentDecided]:
        """Every decision, oldest first."""
        return [recorded.event for recorded in tx.read(consents_stream(account_id))]

    def receipt(self, tx: Transaction, account_id: str, receipt_id: str) -> bytes | None:
        """The signed receipt of one decision of theirs; None when there is none."""
        for decided in self.history(tx, account_id):
            if decided.receipt_id == receipt_id:
                return self.signing.current(tx).sign(receipt(decided, self.issuer))
        return None


def consents_stream(account_id: str) -> Stream:
    """The history of one person's consents; it goes with the person."""
    return Stream.of("consents", account_id, account_id)
