"""Sending what waits in the mailbox, at least once. The mail's id is its Message-ID: a receiver can tell a repeat."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.store import EventStore, Transaction
from nexoraz.identity.application.letter_kinds import KINDS
from nexoraz.identity.application.letters import Letter, write
from nexoraz.identity.application.news import News
from nexoraz.identity.application.policy_mails import POLICY_CHANGED, PolicyMails
from nexoraz.identity.application.ports import Clock

SEND_MAIL = "send-mail"
SENT = "sent"
REFUSED = "refused"
SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class WaitingMail:
    id: str
    account_id: str
    kind: str
    to: str
    facts: Mapping[str, str]
    created_at: datetime


class WaitingMails(Protocol):
    def waiting(self, tx: Transaction, mail_id: str) -> WaitingMail | None:
        """None once it was sent, or erased. Raises KeyDestroyed."""
        ...

    def settle(self, tx: Transaction, mail: WaitingMail, outcome: str, at: datetime) -> None:
        """Delete the mail; only its kind, outcome (SENT, REFUSED or SUPPRESSED), time and keyed recipient stay."""
        ...


class Transport(Protocol):
    def send(self, message_id: str, to: str, letter: Letter, date: datetime) -> None:
        """Hand over to the mail system. Raises TransportUnavailable, or RecipientRefused for good."""
        ...


class TransportUnavailable(Exception):
    """The mail system did not take the mail now; it may later."""


class RecipientRefused(Exception):
    """The mail system will never take this mail."""


class DueMail(Protocol):
    """The part of a task that matters here."""

    @property
    def key(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Sending:
    store: EventStore
    mails: WaitingMails
    transport: Transport
    now: Clock
    public_url: str
    news: News
    policy_mails: PolicyMails

    def send(self, due: DueMail) -> None:
        """Handler of SEND_MAIL. Raises TransportUnavailable, so that it is tried again; an address that
        the mail system refuses for good is not tried again."""
        with self.store.transaction() as tx:
            try:
                mail = self.mails.waiting(tx, due.key)
            except KeyDestroyed:
                return
        if mail is None:
            return
        outcome = self._outcome(mail)
        with self.store.transaction() as tx:
            self.mails.settle(tx, mail, outcome, self.now())
            if outcome == SENT and mail.kind == POLICY_CHANGED:
                self.policy_mails.mailed(tx, mail.id, mail.account_id, mail.facts["version"])

    def _outcome(self, mail: WaitingMail) -> str:
        facts = {**mail.facts, "url": self.public_url}
        if not KINDS[mail.kind].essential:
            with self.store.transaction() as tx:
                if self.news.is_stopped(tx, mail.to):
                    return SUPPRESSED
            facts["unsubscribe"] = f"{self.public_url}/v1/identity/unsubscribe/{self.news.token(mail.to)}"
        try:
            self.transport.send(mail.id, mail.to, write(mail.kind, facts), mail.created_at)
        except RecipientRefused:
            return REFUSED
        return SENT

    def send_at_once(self, message_id: str, to: str, kind: str) -> None:
        """A mail that nothing may outlive: it is never stored. Raises TransportUnavailable or RecipientRefused."""
        self.transport.send(message_id, to, write(kind, {"url": self.public_url}), self.now())
