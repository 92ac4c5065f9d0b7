"""What participants say, and what follows from it."""

from dataclasses import dataclass

from nexoraz.events.store import Transaction, execute
from nexoraz.privacy.application.ports import Clock
from nexoraz.privacy.application.streams import epochs_stream, participant_stream, request_stream
from nexoraz.privacy.domain.commands import Command, TakePart, TakeReceipt, TakeScan
from nexoraz.privacy.domain.epochs import NoteEpochEnd, epochs
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

    def announce(self, tx: Transaction, by: str, name: str, data_map_hash: str, data_map: str) -> None:
        _check(by, name)
        command = NoteAnnouncement(name, data_map_hash, data_map, self.clock())
        execute(tx, participant, participant_stream(name), command)

    def epoch_ended(self, tx: Transaction, by: str, name: str, epoch: int, destroyed_at: str, attested_at: str) -> None:
        _check(by, name)
        command = NoteEpochEnd(name, epoch, destroyed_at, attested_at, self.clock())
        execute(tx, epochs, epochs_stream(name), command)

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
