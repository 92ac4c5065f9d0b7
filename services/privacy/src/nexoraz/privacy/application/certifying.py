"""Issuing certificates: one at a time, each naming the one before."""

from dataclasses import dataclass

from nexoraz.events.store import EventStore, Transaction, execute, repeated
from nexoraz.events.tasks import Task
from nexoraz.privacy.application.amending import ask_for_amendment
from nexoraz.privacy.application.ports import CertificateBook, Clock, Entry, Queue, SigningKeys
from nexoraz.privacy.application.recollection import Recollection
from nexoraz.privacy.application.streams import request_stream
from nexoraz.privacy.domain.certificate import Issue, certificate, file_digest
from nexoraz.privacy.domain.commands import CertifyErasure
from nexoraz.privacy.domain.request import request
from nexoraz.privacy.domain.state import Request


@dataclass(frozen=True, slots=True)
class Certifying:
    """issuer: the public URL of the suite, where its keys are served."""

    store: EventStore
    keys: SigningKeys
    book: CertificateBook
    queue: Queue
    clock: Clock
    issuer: str
    recollection: Recollection

    def certify(self, task: Task) -> None:
        """Task: the erasure is proven. The certificate and the request's end are one commit, which the ledger precedes:
        what is certified is never forgotten."""
        self.recollection.keep(task.payload["request_id"])

        def work(tx: Transaction) -> None:
            self._certify(tx, task.payload["request_id"])
            self.queue.complete(tx, task)

        repeated(self.store, work)

    def _certify(self, tx: Transaction, request_id: str) -> None:
        number, previous = self.book.head(tx)
        history = [recorded.event for recorded in tx.read(request_stream(request_id))]
        state = request.fold(history)
        if not (state.running and state.proven):
            return  # the proof was taken back by a later answer; the next one is certified by its own task
        at, signer = self.clock(), self.keys.current(tx)
        issue = Issue(number + 1, previous, at, self.issuer, signer.public_jwk)
        file = signer.sign(certificate(history, issue))
        command = CertifyErasure(issue.number, file_digest(file), at)
        execute(tx, request, request_stream(request_id), command)
        self.book.add(tx, request_id, Entry(issue.number, command.sha256, file, at))
        self._await_epochs(tx, issue.number, state)

    def _await_epochs(self, tx: Transaction, number: int, state: Request) -> None:
        """An epoch may end before the certificate is written that should name its end."""
        epochs = {name: receipt.key_epoch for name, receipt in state.receipts.items()}
        for name in sorted(self.book.await_epochs(tx, number, epochs)):
            ask_for_amendment(self.queue, tx, name, epochs[name])
