"""Placing and releasing legal holds, and what participants say of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from nexoraz.events.event import Stream
from nexoraz.events.store import EventStore, Transaction, execute, repeated
from nexoraz.privacy.application.ports import Clock, RequestBook, Roster
from nexoraz.privacy.domain.hold import HoldNotInForce, NoteAnswer, PlaceHold, ReleaseHold, hold


class HoldBook(Protocol):
    """Which holds there are."""

    def unanswered(self, tx: Transaction, account_id: str) -> bool:
        """Whether a participant still has to answer a hold of the account."""
        ...

    def expired(self, tx: Transaction, at: datetime) -> Sequence[str]:
        """The ids of holds in force whose time is over."""
        ...


@dataclass(frozen=True, slots=True)
class NewHold:
    """What an operator asks for. told: whether the person may know of it."""

    account_id: str
    participant: str
    store: str
    record_id: str
    category: str
    basis: str
    reason: str
    until: datetime
    told: bool


@dataclass(frozen=True, slots=True)
class Holds:
    store: EventStore
    book: RequestBook
    holds: HoldBook
    roster: Roster
    erasure_of: Callable[[Transaction, str], str]
    clock: Clock
    new_id: Callable[[], str]

    def place(self, tx: Transaction, new: NewHold) -> str:
        """The id of the hold. Raises ErasureBegan, ParticipantUnknown or UntilPassed. Nobody begins the erasure of the
        account meanwhile, and none begins before the participant has answered."""
        self.book.lock_account(tx, new.account_id)
        hold_id = self.new_id()
        command = PlaceHold(
            hold_id=hold_id,
            account_id=new.account_id,
            participant=new.participant,
            store=new.store,
            record_id=new.record_id,
            category=new.category,
            basis=new.basis,
            reason=new.reason,
            until=new.until,
            told=new.told,
            announced=self.roster.announced(tx),
            being_erased_by=self.erasure_of(tx, new.account_id),
            at=self.clock(),
        )
        execute(tx, hold, hold_stream(hold_id), command)
        return hold_id

    def release(self, tx: Transaction, hold_id: str, by: str = "operator") -> None:
        """Raises HoldNotInForce, also for a hold that never was."""
        execute(tx, hold, hold_stream(hold_id), ReleaseHold(by, self.clock()))

    def answered(self, tx: Transaction, hold_id: str, outcome: str, records: int) -> None:
        """A participant said what became of it."""
        execute(tx, hold, hold_stream(hold_id), NoteAnswer(outcome, records, self.clock()))

    def release_expired(self) -> None:
        """Holds whose time is over end by themselves."""
        with self.store.transaction() as tx:
            expired = self.holds.expired(tx, self.clock())
        for hold_id in expired:
            try:
                repeated(self.store, lambda tx, hold_id=hold_id: self.release(tx, hold_id, "expiry"))  # type: ignore[misc]
            except HoldNotInForce:  # an operator was faster
                continue


def hold_stream(hold_id: str) -> Stream:
    """The history of one hold. Its reason is sealed under a name that belongs to no account, so no erasure takes it."""
    return Stream.of("ordered", hold_id, f"hold-reason-{hold_id}")
