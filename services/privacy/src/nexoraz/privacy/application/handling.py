"""What operators do to a request: decided in the domain, written with the words that go with it in one transaction."""

from dataclasses import dataclass
from datetime import datetime

from nexoraz.events.event import Stream
from nexoraz.events.registry import ERASED
from nexoraz.events.store import Transaction, execute, load
from nexoraz.privacy.application.ports import Clock
from nexoraz.privacy.application.streams import request_stream
from nexoraz.privacy.domain import commands as c
from nexoraz.privacy.domain.request import request
from nexoraz.privacy.domain.state import Request
from nexoraz.privacy.domain.vocabulary import ExtensionReason, Notice, RefusalReason
from nexoraz.privacy.domain.words import Author, WordsWritten


@dataclass(frozen=True, slots=True)
class Words:
    author: str
    about: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Handling:
    """seen: the version of the request on which the operator decided; VersionConflict when it has moved on."""

    clock: Clock

    def extend(self, tx: Transaction, state: Request, seen: int, reason: ExtensionReason, text: str) -> None:
        """Raises RequestEnded, AlreadyExtended, DeadlinePassed."""
        self._decide(tx, state, seen, c.ExtendDeadline(reason, self.clock()))
        self.write(tx, state, Author.OPERATOR, Notice.DEADLINE_EXTENDED, text)

    def refuse(self, tx: Transaction, state: Request, seen: int, reason: RefusalReason, text: str) -> None:
        """Raises RequestEnded, ErasureHasBegun."""
        self._decide(tx, state, seen, c.RefuseRequest(reason, self.clock()))
        self.write(tx, state, Author.OPERATOR, Notice.DENIED, text)

    def answer(self, tx: Transaction, state: Request, seen: int, text: str) -> None:
        """Raises RequestEnded, NotForOperators."""
        self._decide(tx, state, seen, c.AnswerCorrection(self.clock()))
        self.write(tx, state, Author.OPERATOR, Notice.ANSWERED, text)

    def retry(self, tx: Transaction, state: Request, seen: int, participant: str) -> None:
        """Raises RequestEnded, NothingToRetry."""
        self._decide(tx, state, seen, c.RetryRequest(participant, self.clock()))

    def write(self, tx: Transaction, state: Request, author: Author, about: str, text: str) -> None:
        """Keep what somebody wrote. Raises KeyDestroyed or AccountErased: nobody is left to be written to."""
        if text:
            stream = words_stream(state)
            words = WordsWritten(state.id, author, about, text, self.clock())
            tx.append(stream, len(tx.read(stream)), [words])

    @staticmethod
    def seen(tx: Transaction, request_id: str) -> tuple[Request, int]:
        """The request and the version of its history; 0 for one that does not exist."""
        return load(tx, request, request_stream(request_id))

    @staticmethod
    def words_of(tx: Transaction, state: Request) -> list[Words]:
        """All that was written about a request, in order; nothing once the account is erased."""
        if not state.id or tx.is_erased(state.account_id):
            return []
        written = [recorded.event for recorded in tx.read(words_stream(state))]
        return [Words(w.author, w.about, w.text, w.at) for w in written if w.text != ERASED]

    @staticmethod
    def _decide(tx: Transaction, state: Request, seen: int, command: c.Command) -> None:
        execute(tx, request, request_stream(state.id), command, expected=seen)


def words_stream(state: Request) -> Stream:
    """What was written about one request; it belongs to the account, and goes with it."""
    return Stream.of("words", state.id, state.account_id)
