"""What participants say, and what follows from it."""

from dataclasses import dataclass

from nexoraz.events.event import Stream
from nexoraz.events.store import Transaction, execute
from nexoraz.privacy.application.amending import ask_to_amend
from nexoraz.privacy.application.holds import Holds
from nexoraz.privacy.application.ports import Clock, Queue
from nexoraz.privacy.application.streams import epochs_stream, participant_stream, request_stream
from nexoraz.privacy.domain.amendment import RecordsErased
from nexoraz.privacy.domain.commands import Command, TakePart, TakeReceipt, TakeScan
from nexoraz.privacy.domain.epochs import NoteEpochEnd, epochs
from nexoraz.privacy.domain.events import RetentionNoted
from nexoraz.privacy.domain.participants import NoteAnnouncement, participant
from nexoraz.privacy.domain.request import request
from nexoraz.privacy.domain.vocabulary import Part, Receipt, Scan


class SpeaksForAnother(Exception):
    """A service answered in the name of another one. The message is parked for an operator; nothing counts."""

    def __init__(self, service: str, participant: str) -> None:
        super().__init__(f"{service} answered in the name of {participant}")
        self.service = service
        self.participant = participant


@dataclass(frozen=True, slots=True)
class Answers:
    """One method per kind of message. `by`: the service whose stream brought it; `message_id`: of the message.

    Each raises SpeaksForAnother, and RequestUnknown for a request that this service never received.
    """

    clock: Clock
    queue: Queue
    holds: Holds

    def announce(self, tx: Transaction, by: str, name: str, data_map_hash: str, data_map: str) -> None:
        _check(by, name)
        command = NoteAnnouncement(name, data_map_hash, data_map, self.clock())
        execute(tx, participant, participant_stream(name), command)

    def epoch_ended(self, tx: Transaction, by: str, name: str, epoch: int, destroyed_at: str, attested_at: str) -> None:
        _check(by, name)
        command = NoteEpochEnd(name, epoch, destroyed_at, attested_at, self.clock())
        execute(tx, epochs, epochs_stream(name), command)

    def records_erased(self, tx: Transaction, by: str, cause: str, request_id: str, erased: RecordsErased) -> None:
        """What was kept at an erasure is gone, so its certificate is amended; the same cause amends once."""
        _check(by, erased.participant)
        ask_to_amend(self.queue, tx, f"{by}:{cause}", request_id, erased)

    def retention_applied(self, tx: Transaction, by: str, message_id: str, noted: RetentionNoted) -> None:
        _check(by, noted.participant)
        tx.append(Stream.of("retained", message_id, ""), 0, [noted])

    def hold_answered(self, tx: Transaction, by: str, name: str, hold_id: str, outcome: str, records: int) -> None:
        _check(by, name)
        self.holds.answered(tx, hold_id, outcome, records)

    def receipt(self, tx: Transaction, by: str, message_id: str, request_id: str, receipt: Receipt) -> None:
        _check(by, receipt.participant)
        self._take(tx, request_id, TakeReceipt(message_id, receipt, self.clock()))

    def scan(self, tx: Transaction, by: str, message_id: str, request_id: str, scan: Scan) -> None:
        _check(by, scan.participant)
        self._take(tx, request_id, TakeScan(message_id, scan, self.clock()))

    def part(self, tx: Transaction, by: str, message_id: str, request_id: str, part: Part) -> None:
        _check(by, part.participant)
        self._take(tx, request_id, TakePart(message_id, part, self.clock()))

    def _take(self, tx: Transaction, request_id: str, command: Command) -> None:
        execute(tx, request, request_stream(request_id), command)


def _check(service: str, participant_name: str) -> None:
    if service != participant_name:
        raise SpeaksForAnother(service, participant_name)
