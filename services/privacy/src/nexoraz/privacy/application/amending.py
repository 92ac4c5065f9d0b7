"""Amending certificates: a signed document for what came to be true after they were issued."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from nexoraz.events.store import EventStore, Transaction
from nexoraz.events.tasks import Postpone, Task
from nexoraz.privacy.application.ports import CertificateBook, Clock, Entry, Queue, SigningKeys
from nexoraz.privacy.domain.amendment import MOST_CERTIFICATES, Addition, Amended, RecordsErased, amendment
from nexoraz.privacy.domain.certificate import Issue, file_digest

AMEND_FOR_EPOCH, AMEND_FOR_RECORDS = "amend-for-epoch", "amend-for-records"
UNTIL_CERTIFIED_S = 60.0


def ask_for_amendment(queue: Queue, tx: Transaction, participant: str, epoch: int) -> None:
    """Have the certificates amended that wait for the end of this epoch, which is over."""
    payload = {"participant": participant, "epoch": epoch}
    queue.enqueue(tx, AMEND_FOR_EPOCH, f"{participant}:{epoch}", payload)


def ask_to_amend(queue: Queue, tx: Transaction, cause: str, request_id: str, added: RecordsErased) -> None:
    """Have the certificate of a request tell that what was kept is now erased. cause: the id of the message or release
    that says so; the same one amends once. Waits for the certificate when it is not written yet."""
    payload = {"request_id": request_id, "added": msgspec.to_builtins(added)}
    queue.enqueue(tx, AMEND_FOR_RECORDS, cause, payload)


@dataclass(frozen=True, slots=True)
class Amending:
    """issuer: the public URL of the suite, where its keys are served. most: certificates in one amendment."""

    store: EventStore
    keys: SigningKeys
    book: CertificateBook
    queue: Queue
    clock: Clock
    issuer: str
    most: int = MOST_CERTIFICATES

    def for_epoch(self, task: Task) -> None:
        """Task: an epoch ended. One amendment for many certificates, each in a transaction of its own; the last look,
        which finds none, and the task's end are one commit, so that no certificate slips between them."""
        participant, epoch = str(task.payload["participant"]), int(task.payload["epoch"])
        while True:
            with self.store.transaction() as tx:
                number, previous = self.book.head(tx)
                ended = self.book.ended(tx, participant, epoch)
                waiting = self.book.awaiting(tx, participant, epoch, self.most)
                if ended is None or not waiting:
                    self.queue.complete(tx, task)
                    return
                self._issue(tx, (number, previous), ended, f"epoch:{participant}:{epoch}", waiting)

    def for_records(self, task: Task) -> None:
        """Task: what was kept is erased. Raises Postpone while there is no certificate."""
        added = msgspec.convert(task.payload["added"], RecordsErased)
        with self.store.transaction() as tx:
            head = self.book.head(tx)
            certificate = self.book.of_request(tx, str(task.payload["request_id"]))
            if certificate is None:
                raise Postpone("the certificate is not written yet", UNTIL_CERTIFIED_S)
            cause = f"records:{task.key}"
            if not self.book.is_amended(tx, certificate.number, cause):
                self._issue(tx, head, added, cause, [certificate])
            self.queue.complete(tx, task)

    def _issue(
        self, tx: Transaction, head: tuple[int, str], added: Addition, cause: str, certificates: Sequence[Amended]
    ) -> None:
        at, signer = self.clock(), self.keys.current(tx)
        issue = Issue(head[0] + 1, head[1], at, self.issuer, signer.public_jwk)
        file = signer.sign(amendment(added, certificates, issue))
        self.book.amend(tx, Entry(issue.number, file_digest(file), file, at), cause, certificates)
