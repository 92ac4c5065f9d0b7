"""What a request's events make happen later: durable tasks, enqueued in the transaction that appends."""

from dataclasses import dataclass

from nexoraz.events.event import Recorded
from nexoraz.events.store import Transaction
from nexoraz.privacy.application.amending import ask_for_amendment
from nexoraz.privacy.application.ports import Queue
from nexoraz.privacy.application.streams import request_id_of
from nexoraz.privacy.domain import events as e
from nexoraz.privacy.domain.vocabulary import RequestType

RUN, CERTIFY, ASSEMBLE, ERASE_ARCHIVE, DISCARD, RECORD, RECORD_CERTIFICATE = (
    "run-request", "certify-erasure", "assemble-archive", "erase-archive", "discard-export",
    "record-erasure", "record-certificate",
)  # fmt: skip

GRANTS_OVER_S = 3_600.0
"""Until no upload of an ended export can arrive: an address is good for a quarter of an hour, a part takes minutes."""


@dataclass(frozen=True, slots=True)
class FollowUps:
    """Sits among the inline projections, because it reacts to what is appended; it has no table of its own.

    Tasks carry no account: those of an erasure must outlive it, and the others are dropped by their own handlers.
    """

    queue: Queue

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        if isinstance(recorded.event, e.KeyEpochEnded):
            ask_for_amendment(self.queue, tx, recorded.event.participant, recorded.event.epoch)
        request_id = request_id_of(recorded.stream)
        if request_id is None:
            return
        match recorded.event:
            case e.GraceStarted() as event:
                self._later(tx, RUN, request_id, (event.until - event.at).total_seconds())
            case e.ErasureAsked():
                self._later(tx, RECORD, request_id)
            case e.RequestCompleted(certificate_number=number) if number:
                self._later(tx, RECORD_CERTIFICATE, request_id)
            case e.ErasureProven():
                # A proof can be taken back by a late answer, and given again: each is certified by a task of its own.
                payload = {"request_id": request_id}
                self.queue.enqueue(tx, CERTIFY, f"{request_id}:{recorded.version}", payload)
            case e.PartsCollected():
                self._later(tx, ASSEMBLE, request_id)
            case e.ArchiveAssembled(archive=archive, at=at):
                self._discard(tx, request_id)
                self._later(tx, ERASE_ARCHIVE, request_id, (archive.expires_at - at).total_seconds())
            case e.RequestDenied(type=RequestType.ACCESS):
                self._discard(tx, request_id)
            case _:
                return

    def _discard(self, tx: Transaction, request_id: str) -> None:
        """Now, and once more for what comes late from a worker that no longer has the task."""
        self._later(tx, DISCARD, request_id)
        payload = {"request_id": request_id}
        self.queue.enqueue(tx, DISCARD, f"{request_id}:late", payload, delay_s=GRANTS_OVER_S)

    def _later(self, tx: Transaction, kind: str, request_id: str, delay_s: float = 0.0) -> None:
        self.queue.enqueue(tx, kind, request_id, {"request_id": request_id}, delay_s=delay_s)
