"""Receiving what comes without a sign-in, having its person asked, answering, and forgetting what was written."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from nexoraz.events.event import Stream
from nexoraz.events.store import EventStore, Transaction, execute, load, repeated
from nexoraz.events.tasks import Task
from nexoraz.privacy.application.ports import Clock, Queue
from nexoraz.privacy.application.requests import Accepted, Asked, Requests
from nexoraz.privacy.domain import referral as r
from nexoraz.privacy.domain.deadline import one_month_after
from nexoraz.privacy.domain.vocabulary import RequestType

WRITE, LAPSE, FORGET = "write-about-referral", "lapse-referral", "forget-referral"
ANSWER, CONFIRM = "support-answer", "confirm-request"
KEPT_S = 30 * 86_400.0
"""For which what was written is kept after it is settled, for questions about the answer."""


@dataclass(frozen=True, slots=True)
class Written:
    """What the sender wrote, and the answer that waits to be mailed."""

    email: str = field(repr=False)
    text: str = field(repr=False)
    answer: str = field(default="", repr=False)


class Contents(Protocol):
    """What was written, sealed under a key of the referral's own."""

    def keep(self, tx: Transaction, referral_id: str, written: Written) -> None: ...

    def read(self, tx: Transaction, referral_id: str) -> Written | None:
        """None once it is forgotten."""
        ...

    def forget(self, tx: Transaction, referral_id: str) -> None:
        """The rows go, and the key."""
        ...


class Letters(Protocol):
    """identity, which mails."""

    def write(self, letter_id: str, to: str, kind: str, facts: dict[str, str]) -> None:
        """Have it mailed. Raises BusUnavailable; asked again, it may be mailed twice."""
        ...


@dataclass(frozen=True, slots=True)
class Referrals:
    store: EventStore
    contents: Contents
    letters: Letters
    queue: Queue
    requests: Requests
    clock: Clock
    new_id: Callable[[], str]

    def receive(
        self,
        tx: Transaction,
        about: r.About,
        written: Written,
        source: r.Source,
        sender: str = "",
        foreign_id: str = "",
    ) -> str:
        """Its id. A request is confirmed by its person, whom we write to if the address has an account: nobody is told
        whether it has."""
        id_, at = self.new_id(), self.clock()
        due_at = one_month_after(at)
        command = r.ReceiveReferral(id_, source, sender, foreign_id, about, at, due_at)
        execute(tx, r.referral, referral_stream(id_), command)
        self.contents.keep(tx, id_, written)
        if about is not r.About.QUESTION:
            self._write(tx, id_, CONFIRM)
            self.queue.enqueue(tx, LAPSE, id_, {"referral_id": id_}, delay_s=(due_at - at).total_seconds())
        return id_

    def confirm(self, tx: Transaction, referral_id: str, account_id: str, authenticated_at: datetime) -> Accepted:
        """The person says that it is theirs. Raises what Requests.submit raises, and the referral's refusals."""
        state = self.state_of(tx, referral_id)
        if state.received is None:
            raise r.ReferralUnknown
        command = r.ConfirmReferral("", self.clock())
        r.decide(command, state)
        accepted = self.requests.submit(tx, Asked(account_id, RequestType(state.received.about), authenticated_at))
        self._settle(tx, referral_id, r.ConfirmReferral(accepted.request_id, self.clock()))
        return accepted

    def answer(self, tx: Transaction, referral_id: str, text: str) -> None:
        """An operator's answer is mailed. Raises the referral's refusals."""
        self._settle(tx, referral_id, r.AnswerReferral(self.clock()))
        written = self.contents.read(tx, referral_id)
        if written is not None:
            self.contents.keep(tx, referral_id, Written(written.email, written.text, text))
            self._write(tx, referral_id, ANSWER)

    def revoke(self, tx: Transaction, referral_id: str) -> None:
        """Who sent it takes it back. Raises the referral's refusals."""
        self._settle(tx, referral_id, r.RevokeReferral(self.clock()))

    def state_of(self, tx: Transaction, referral_id: str) -> r.Referral:
        return load(tx, r.referral, referral_stream(referral_id))[0]

    def write_letter(self, task: Task) -> None:
        """Task: identity mails."""
        id_, kind = task.payload["referral_id"], task.payload["kind"]
        with self.store.transaction() as tx:
            written, state = self.contents.read(tx, id_), self.state_of(tx, id_)
        if written is not None and state.received is not None:
            about, sender = str(state.received.about), state.received.sender
            facts = {"referral": id_, "about": about, "sender": sender or "somebody", "answer": written.answer}
            self.letters.write(id_, written.email, kind, facts)

    def lapse(self, task: Task) -> None:
        """Task: nobody confirmed it."""
        self._later(task, lambda tx, id_: self._settle(tx, id_, r.LapseReferral(self.clock())))

    def forget(self, task: Task) -> None:
        """Task: what was written goes."""
        self._later(task, self.contents.forget)

    def _later(self, task: Task, act: Callable[[Transaction, str], None]) -> None:
        def work(tx: Transaction) -> None:
            act(tx, task.payload["referral_id"])
            self.queue.complete(tx, task)

        repeated(self.store, work)

    def _settle(self, tx: Transaction, id_: str, command: r.Command) -> None:
        if execute(tx, r.referral, referral_stream(id_), command):
            self.queue.enqueue(tx, FORGET, id_, {"referral_id": id_}, delay_s=KEPT_S)

    def _write(self, tx: Transaction, id_: str, kind: str) -> None:
        self.queue.enqueue(tx, WRITE, f"{id_}:{kind}", {"referral_id": id_, "kind": kind})


def referral_stream(referral_id: str) -> Stream:
    """It belongs to the service: whose it is is not known."""
    return Stream.of("referral", referral_id, "")
