"""Asking, withdrawing, and starting what was asked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from nexoraz.events.event import Event
from nexoraz.events.store import EventStore, Transaction, execute, load, repeated
from nexoraz.events.tasks import Postpone, Task
from nexoraz.privacy.application.capability import new_token, token_hash
from nexoraz.privacy.application.follow_ups import RUN
from nexoraz.privacy.application.handling import Handling
from nexoraz.privacy.application.holds import HoldBook
from nexoraz.privacy.application.ports import Clock, ExportKeys, KeyedHash, Queue, RequestBook, Roster
from nexoraz.privacy.application.streams import request_stream
from nexoraz.privacy.domain.commands import DenyRequest, RunRequest, SubmitRequest, WithdrawRequest
from nexoraz.privacy.domain.request import request
from nexoraz.privacy.domain.state import Request
from nexoraz.privacy.domain.vocabulary import DenialReason, RequestType, State
from nexoraz.privacy.domain.words import Author

ERASED = "erased"
UNTIL_ANSWERED_S = 2.0


class HoldUnanswered(Exception):
    """A participant has not said yet whether it placed a legal hold of the account."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a signed-in person asks. `immediate` waives the grace period of an erasure."""

    account_id: str
    type: RequestType
    authenticated_at: datetime
    immediate: bool = False
    about: str = ""
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The request's id, and the token that opens it from now on; the token is known here only."""

    request_id: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Requests:
    """required: who is waited for even if they never announced themselves."""

    store: EventStore
    book: RequestBook
    holds: HoldBook
    roster: Roster
    keys: ExportKeys
    hashes: KeyedHash
    queue: Queue
    clock: Clock
    handling: Handling
    new_id: Callable[[], str]
    grace: timedelta
    required: frozenset[str]
    policy_version: str

    def submit(self, tx: Transaction, asked: Asked) -> Accepted:
        """Receive the request, and start it at once where there is nothing to wait for. Raises the refusals of
        SubmitRequest, and RequestAlreadyActive with the id of the active one."""
        self.book.lock_account(tx, asked.account_id)
        accepted = Accepted(self.new_id(), new_token())
        command = SubmitRequest(
            request_id=accepted.request_id,
            account_id=asked.account_id,
            type=asked.type,
            authenticated_at=asked.authenticated_at,
            immediate=asked.immediate,
            grace=self.grace,
            policy_version=self.policy_version,
            being_erased_by=self.erasure_of(tx, asked.account_id),
            at=self.clock(),
            about=asked.about,
        )
        execute(tx, request, request_stream(accepted.request_id), command)
        self.book.remember_token(tx, accepted.request_id, token_hash(self.hashes, accepted.token))
        state, _ = load(tx, request, request_stream(accepted.request_id))
        self.handling.write(tx, state, Author.PERSON, "asked", asked.text)
        if state.grace_until is None:
            self._run_now(tx, accepted.request_id)
        return accepted

    def _run_now(self, tx: Transaction, request_id: str) -> None:
        try:
            self.run(tx, request_id)
        except HoldUnanswered:
            self.queue.enqueue(tx, RUN, request_id, {"request_id": request_id}, delay_s=UNTIL_ANSWERED_S)

    def withdraw(self, tx: Transaction, request_id: str) -> None:
        """Raises NotInGrace."""
        execute(tx, request, request_stream(request_id), WithdrawRequest(self.clock()))

    def run(self, tx: Transaction, request_id: str) -> None:
        """Start the request, unless it was withdrawn or runs already. Raises GraceNotOver, KeyDestroyed, and
        HoldUnanswered for an erasure while a participant has to say whether it keeps what is held."""
        state, version = load(tx, request, request_stream(request_id))
        public_key = ""
        if state.type is RequestType.ACCESS and state.state is State.GRACE:
            public_key = self.keys.make(tx, request_id, state.account_id)
        command = RunRequest(self.roster.announced(tx), self.required, public_key, self.clock())
        events = request.decide(command, state)
        if not events:
            return
        if state.type is RequestType.ERASURE:
            self.book.lock_account(tx, state.account_id)
            if self.holds.unanswered(tx, state.account_id):
                raise HoldUnanswered
        tx.append(request_stream(request_id), version, events)
        if state.type is RequestType.ERASURE:
            self._deny_export_when_erasure_starts(tx, state.account_id)

    def run_due(self, task: Task) -> None:
        """Task: grace is over."""

        def work(tx: Transaction) -> None:
            self.run(tx, task.payload["request_id"])
            self.queue.complete(tx, task)

        try:
            repeated(self.store, work)
        except HoldUnanswered as waiting:
            raise Postpone("a legal hold is not answered yet", UNTIL_ANSWERED_S) from waiting

    def state_of(self, tx: Transaction, request_id: str) -> Request:
        """The request as it stands; `id` is "" for one that does not exist."""
        return load(tx, request, request_stream(request_id))[0]

    def history_of(self, tx: Transaction, request_id: str) -> list[Event]:
        """All that happened to the request, in order."""
        return [recorded.event for recorded in tx.read(request_stream(request_id))]

    def erasure_of(self, tx: Transaction, account_id: str) -> str:
        """The account's running erasure, "" when there is none; one in grace does not hinder other requests."""
        if tx.is_erased(account_id):
            return self.book.active(tx, account_id, RequestType.ERASURE) or ERASED
        erasure = self.book.active(tx, account_id, RequestType.ERASURE)
        return erasure if erasure and self.state_of(tx, erasure).running else ""

    def _deny_export_when_erasure_starts(self, tx: Transaction, account_id: str) -> None:
        """The keys of the parts are about to be destroyed, so the export could never end."""
        export = self.book.active(tx, account_id, RequestType.ACCESS)
        if export is not None:
            deny = DenyRequest(DenialReason.ACCOUNT_ERASED, self.clock())
            execute(tx, request, request_stream(export), deny)
