"""The ledger of erasures: what outlives privacy's own database, and how a restored privacy learns of it again.

A request is in the ledger before it can be certified, and its certificate soon after it was issued.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from nexoraz.events.store import EventStore, Transaction, execute, load, repeated
from nexoraz.events.tasks import Task
from nexoraz.privacy.application.amending import ask_for_amendment
from nexoraz.privacy.application.ports import CertificateBook, Clock, Entry, Queue, RequestBook, Signer, SigningKeys
from nexoraz.privacy.application.streams import request_stream
from nexoraz.privacy.domain.certificate import file_digest
from nexoraz.privacy.domain.commands import DenyRequest, RecallErasure
from nexoraz.privacy.domain.events import RequestReceived
from nexoraz.privacy.domain.request import request
from nexoraz.privacy.domain.state import Request
from nexoraz.privacy.domain.vocabulary import DenialReason, RequestType, State


@dataclass(frozen=True, slots=True)
class Remembered:
    """An erasure as the ledger has it. token_hash: keyed, of the token by which the person follows the request."""

    request_id: str
    account_id: str
    received_at: datetime
    policy_version: str
    participants: tuple[str, ...]
    token_hash: str


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate as it was issued. epochs: of each participant's keys."""

    number: int
    outcome: State
    issued_at: datetime
    file: bytes
    epochs: Mapping[str, int]


class Ledger(Protocol):
    """Written once per request, outside of every database; nothing is ever removed from it."""

    def keep(self, entry: Remembered, signer: Signer) -> None: ...

    def keep_certificate(self, request_id: str, file: bytes) -> None: ...

    def all(self) -> Iterator[tuple[Remembered, Certified | None]]:
        """Every erasure, oldest certificates first. Raises NotGenuine for an entry that we did not sign."""
        ...


@dataclass(frozen=True, slots=True)
class Recollection:
    store: EventStore
    ledger: Ledger
    signing: SigningKeys
    certificates: CertificateBook
    book: RequestBook
    queue: Queue
    clock: Clock

    def record(self, task: Task) -> None:
        """Task: an erasure runs."""
        self.keep(task.payload["request_id"])
        self._complete(task)

    def keep(self, request_id: str) -> None:
        """Have the ledger know this erasure."""
        with self.store.transaction() as tx:
            state, _ = load(tx, request, request_stream(request_id))
            received = tx.read(request_stream(request_id))[0].event
            signer = self.signing.current(tx)
            token_hash = self.book.token_hash(tx, request_id)
        policy = received.policy_version if isinstance(received, RequestReceived) else ""
        received_at = state.received_at or self.clock()
        self.ledger.keep(
            Remembered(request_id, state.account_id, received_at, policy, state.participants, token_hash), signer
        )

    def record_certificate(self, task: Task) -> None:
        """Task: a certificate was issued."""
        request_id = task.payload["request_id"]
        with self.store.transaction() as tx:
            file = self.certificates.file(tx, request_id)
        if file is not None:
            self.ledger.keep_certificate(request_id, file)
        self._complete(task)

    def recall(self) -> None:
        """After a restore: know again every erasure of the ledger, ask for it where it had not ended, and put the
        certificates back into their chain."""
        for entry, certified in self.ledger.all():
            repeated(self.store, lambda tx, entry=entry, certified=certified: self._recall(tx, entry, certified))  # type: ignore[misc]

    def _recall(self, tx: Transaction, entry: Remembered, certified: Certified | None) -> None:
        stream = request_stream(entry.request_id)
        state, _ = load(tx, request, stream)
        if state.certificate_number or (state.running and certified is None):
            return
        self._make_way(tx, entry, state)
        command = RecallErasure(
            request_id=entry.request_id,
            account_id=entry.account_id,
            received_at=entry.received_at,
            policy_version=entry.policy_version,
            participants=entry.participants,
            certificate_number=certified.number if certified else 0,
            certificate_sha256=file_digest(certified.file) if certified else "",
            outcome=certified.outcome if certified else None,
            at=self.clock(),
        )
        execute(tx, request, stream, command)
        if entry.token_hash and not state.id:
            self.book.remember_token(tx, entry.request_id, entry.token_hash)
        if certified is not None:
            self._put_back(tx, entry.request_id, certified, command.certificate_sha256)

    def _put_back(self, tx: Transaction, request_id: str, certified: Certified, digest: str) -> None:
        entry = Entry(certified.number, digest, certified.file, certified.issued_at)
        self.certificates.add(tx, request_id, entry)
        for name in sorted(self.certificates.await_epochs(tx, certified.number, certified.epochs)):
            ask_for_amendment(self.queue, tx, name, certified.epochs[name])

    def _make_way(self, tx: Transaction, entry: Remembered, state: Request) -> None:
        """The backup may show another request of that type as active, which had ended before this one was made."""
        self.book.lock_account(tx, entry.account_id)
        active = self.book.active(tx, entry.account_id, RequestType.ERASURE)
        if active is not None and not state.id:
            deny = DenyRequest(DenialReason.ACCOUNT_ERASED, self.clock())
            execute(tx, request, request_stream(active), deny)

    def _complete(self, task: Task) -> None:
        with self.store.transaction() as tx:
            self.queue.complete(tx, task)
