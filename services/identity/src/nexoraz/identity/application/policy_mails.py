"""Telling every account that the policy changed (clause X3): page by page, each page and the task for the next in one
transaction, so that whatever dies in between, everybody is told once."""

from dataclasses import dataclass
from typing import Any, Protocol

from nexoraz.events.event import Stream
from nexoraz.events.registry import ERASED, KeyDestroyed
from nexoraz.events.store import EventStore, Transaction, load
from nexoraz.events.tasks import Task
from nexoraz.identity.application.ports import Accounts, Clock, Mailbox
from nexoraz.identity.application.registration import account_stream
from nexoraz.identity.domain.account import ACCOUNT
from nexoraz.identity.domain.policy_mail import PolicyChangeMailed

TELL_POLICY_CHANGE, POLICY_CHANGED = "tell-policy-change", "policy-changed"
PAGE = 100


class Queue(Protocol):
    """Durable work, done after the transaction."""

    def enqueue(
        self, tx: Transaction, kind: str, key: str, payload: dict[str, Any], account_id: str = "", delay_s: float = 0.0
    ) -> None: ...

    def complete(self, tx: Transaction, task: Task) -> None: ...


@dataclass(frozen=True, slots=True)
class PolicyMails:
    store: EventStore
    accounts: Accounts
    mailbox: Mailbox
    queue: Queue
    now: Clock

    def begin(self, tx: Transaction, version: str, summary: str) -> None:
        """privacy announced the change."""
        self._enqueue(tx, version, summary, "")

    def tell(self, task: Task) -> None:
        """Handler of TELL_POLICY_CHANGE: one page of accounts."""
        said = task.payload
        with self.store.transaction() as tx:
            page = self.accounts.after(tx, said["after"], PAGE)
            for account_id in page:
                self._post(tx, account_id, said["version"], said["summary"])
            self.queue.complete(tx, task)
            if len(page) == PAGE:
                self._enqueue(tx, said["version"], said["summary"], page[-1])

    def mailed(self, tx: Transaction, mail_id: str, account_id: str, version: str) -> None:
        """The mail system took the mail: who was told, when and how."""
        if not tx.is_erased(account_id):
            stream = Stream.of("policy-mail", mail_id, account_id)
            tx.append(stream, 0, [PolicyChangeMailed(account_id, version, self.now())])

    def _post(self, tx: Transaction, account_id: str, version: str, summary: str) -> None:
        try:
            state, _ = load(tx, ACCOUNT, account_stream(account_id))
        except KeyDestroyed:
            return
        if state.verified and state.email != ERASED:
            facts = {"version": version, "summary": summary}
            self.mailbox.post(tx, account_id, POLICY_CHANGED, state.email, facts)

    def _enqueue(self, tx: Transaction, version: str, summary: str, after: str) -> None:
        payload = {"version": version, "summary": summary, "after": after}
        self.queue.enqueue(tx, TELL_POLICY_CHANGE, f"{version}|{after}", payload)
